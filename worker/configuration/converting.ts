import type { DataConverter } from '@temporalio/common';
import type { CodecKey } from './variables.ts';
import { workerCodec } from './encryption.ts';
import { fileOf } from './places.ts';

/** The SDK loads converters with `require`. */
const at = (name: string) => fileOf(`workflows/temporal/${name}.ts`, `${name}.cjs`);

/**
 * How payloads are read and written by what runs workflow code: worker and replay. Without the payload converter one
 * undecodable signal would wedge a run. With keys everything is encrypted, the messages of failures too.
 */
export const dataConverterOf = (keys: readonly CodecKey[] = []): DataConverter => ({
  payloadConverterPath: at('payload-converter'),
  ...(keys.length > 0 && {
    failureConverterPath: at('failure-converter'),
    payloadCodecs: [workerCodec(keys)],
  }),
});
