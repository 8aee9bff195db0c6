import { Client, Connection } from '@temporalio/client';
import { clientCodec } from '../worker/configuration/encryption.ts';
import type { ClientConfig } from './config.ts';
import { Unreachable } from './errors.ts';
import { typed } from './invocation.ts';

const CONNECT_MS = 4_000;
/** The longest pause between two attempts to reconnect, in milliseconds. gRPC's own pauses grow to two minutes. */
const channelArgs = { 'grpc.max_reconnect_backoff_ms': 5_000 };

/** Connects, or throws `Unreachable` within seconds. The caller closes the connection. */
export async function connect({
  connection,
  namespace,
  address,
  codecKeys = [],
}: Pick<ClientConfig, 'connection' | 'namespace' | 'address' | 'codecKeys'>): Promise<Client> {
  try {
    return new Client({
      connection: await Connection.connect({ ...connection, channelArgs, connectTimeout: CONNECT_MS }),
      namespace,
      dataConverter: { payloadCodecs: [clientCodec(codecKeys)] },
    });
  } catch (failure) {
    const why = (failure as Error).message.split('\n', 1)[0]!;
    throw new Unreachable(`No Temporal server answers at ${address} (${why}). Start one with: ${typed('up')}`);
  }
}
