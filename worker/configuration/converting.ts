import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { CodecKey } from './variables.ts';
import { workerCodec } from './encryption.ts';

const at = (name: string) => fileURLToPath(new URL(`../../workflows/temporal/${name}`, import.meta.url));

/**
 * How payloads are read and written by whoever runs workflow code: worker, bundle and replay. Without the payload
 * converter one undecodable signal would wedge a run; with keys all is sealed, the words of failures too.
 */
export const dataConverterOf = (keys: readonly CodecKey[] = []): DataConverter => ({
  payloadConverterPath: at('payload-converter.ts'),
  ...(keys.length > 0 && {
    failureConverterPath: at('failure-converter.ts'),
    payloadCodecs: [workerCodec(keys)],
  }),
});
