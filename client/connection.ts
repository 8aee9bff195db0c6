import { Client, Connection } from '@temporalio/client';
import { clientCodec } from '../worker/configuration/encryption.ts';
import type { ClientConfig } from './config.ts';
import { Unreachable } from './errors.ts';
import { typed } from './invocation.ts';

const CONNECT_MS = 4_000;
/** A server that was away is tried again at least this often, in milliseconds: gRPC's own pauses grow to two minutes. */
const channelArgs = { 'grpc.max_reconnect_backoff_ms': 5_000 };

/** Connects, or says within seconds that nobody is there. The caller closes it. */
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
