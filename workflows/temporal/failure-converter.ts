import { DefaultFailureConverter } from '@temporalio/common';

/** With encryption, the messages and stack traces of failures are encrypted too. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
