import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { WORKER, WORKER_FLAGS } from '../../../local-stack/worker-process.ts';
import { EXIT } from '../../exit-codes.ts';

/** Runs a worker in the foreground, in a process of its own, because it removes variables from its environment. */
export async function worker(): Promise<number> {
  const child = spawn(process.execPath, [...WORKER_FLAGS, WORKER], { stdio: 'inherit' });
  // A Ctrl-C in a terminal reaches both processes. The worker ignores the second signal.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? EXIT.failed;
}
