import { randomInt } from 'node:crypto';
import getPort from 'get-port';

/** Below the ports that systems give to outgoing connections, which may take a port before its server listens. */
const [LOWEST, HIGHEST] = [10_000, 32_000];

/** A free port for a server that a test starts later. */
export const freePort = (): Promise<number> =>
  getPort({ host: '127.0.0.1', port: Array.from({ length: 20 }, () => randomInt(LOWEST, HIGHEST)) });
