import { DefaultFailureConverter } from '@temporalio/common';

/** Where payloads are encrypted, the messages and stack traces of failures are payloads too. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
