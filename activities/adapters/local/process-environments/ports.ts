import { createServer } from 'node:net';

/** A command may listen on any of these addresses, so its port must be free on all of them. */
const ADDRESSES = ['127.0.0.1', '::1', '0.0.0.0', '::'];
/** A machine without IPv6 has no such address, and nobody can listen there. */
const NO_SUCH_ADDRESS = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** Asks the system for a free port that no environment has recorded. */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = await listened('127.0.0.1', 0);
    if (port !== undefined && !taken.has(port) && (await isFree(port))) return port;
  }
}

export async function isFree(port: number): Promise<boolean> {
  for (const address of ADDRESSES) if ((await listened(address, port)) === undefined) return false;
  return true;
}

/** Listens briefly and returns the port. Undefined if somebody else listens there. */
async function listened(address: string, wanted: number): Promise<number | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: wanted, host: address, exclusive: true, ipv6Only: address === '::' }, resolve);
    });
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    return port;
  } catch (failure) {
    const { code = '' } = failure as NodeJS.ErrnoException;
    if (NO_SUCH_ADDRESS.includes(code)) return wanted;
    if (code === 'EADDRINUSE' || code === 'EACCES') return undefined;
    throw failure;
  }
}
