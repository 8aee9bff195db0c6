import type { DataConverter } from '@temporalio/common';
import type { CodecKey } from './variables.ts';
import { workerCodec } from './encryption.ts';
import { fileOf } from './places.ts';

/** The SDK loads converters with `require`. */
const at = (name: string) => fileOf(`workflows/temporal/${name}.ts`, `${name}.cjs`);

/**
 * How worker and replay read and write payloads. Without the payload converter one undecodable signal would block a run.
 * With keys everything is encrypted, including the messages of failures.
 */
export const dataConverterOf = (keys: readonly CodecKey[] = []): DataConverter => ({
  payloadConverterPath: at('payload-converter'),
  ...(keys.length > 0 && {
    failureConverterPath: at('failure-converter'),
    payloadCodecs: [workerCodec(keys)],
  }),
});
