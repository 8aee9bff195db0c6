import type { DataConverter } from '@temporalio/common';
import type { CodecKey } from './variables.ts';
import { workerCodec } from './encryption.ts';
import { fileOf } from './package-files.ts';

/** The SDK loads converters with `require`. */
const at = (name: string) => fileOf(`workflows/temporal/${name}.ts`, `${name}.cjs`);

/**
 * The data converter of worker and replay. Without the payload converter, one undecodable signal would block a run. With
 * keys, everything is encrypted, including the messages of failures.
 */
export const dataConverterOf = (keys: readonly CodecKey[] = []): DataConverter => ({
  payloadConverterPath: at('payload-converter'),
  ...(keys.length > 0 && {
    failureConverterPath: at('failure-converter'),
    payloadCodecs: [workerCodec(keys)],
  }),
});
