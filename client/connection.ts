import { Client, Connection, type ClientOptions } from '@temporalio/client';
import { clientCodec } from '../worker/configuration/encryption.ts';
import { tracingFor } from '../worker/tracing/opening.ts';
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
  variables,
}: Pick<ClientConfig, 'connection' | 'namespace' | 'address' | 'codecKeys'> &
  Partial<Pick<ClientConfig, 'variables'>>): Promise<Client> {
  try {
    const open = await Connection.connect({ ...connection, channelArgs, connectTimeout: CONNECT_MS });
    return new Client({
      connection: open,
      namespace,
      ...(variables && (await traced(variables, open))),
      dataConverter: { payloadCodecs: [clientCodec(codecKeys)] },
    });
  } catch (failure) {
    const why = (failure as Error).message.split('\n', 1)[0]!;
    throw new Unreachable(`No Temporal server answers at ${address} (${why}). Start one with: ${typed('up')}`);
  }
}

/** The interceptors that make traces, if they are wanted. What is left is sent when the connection is closed. */
export async function traced(
  variables: ClientConfig['variables'],
  connection: Pick<Connection, 'close'>,
): Promise<Pick<ClientOptions, 'interceptors'>> {
  const tracing = await tracingFor(variables);
  if (!tracing) return {};
  const close = connection.close.bind(connection);
  connection.close = async () => {
    await tracing.close();
    await close();
  };
  return { interceptors: { workflow: [tracing.client] } };
}
