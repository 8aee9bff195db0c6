import { NativeConnection, type WorkerOptions } from '@temporalio/worker';
import type { Ports } from '../../activities/ports.ts';
import { readConfig } from '../../worker/config.ts';
import { openLog } from '../../worker/logging.ts';
import { createWorker } from '../../worker/worker.ts';
import { answerUsage } from './reporting.ts';

/** Runs a worker until it is asked to stop, like `worker/main.ts`, but over other ports. */
export async function serve(ports: Ports, over: Partial<WorkerOptions> = {}): Promise<void> {
  const config = readConfig();
  openLog(config.variables.GATEHOUSE_LOG_LEVEL);
  answerUsage();
  process.on('disconnect', () => process.exit(1));

  const connection = await NativeConnection.connect(config.connection);
  const cached = process.env['BENCH_CACHED_RUNS'];
  const worker = await createWorker(
    { connection, config, ports },
    { ...(cached !== undefined && { maxCachedWorkflows: Number(cached) }), ...over },
  );
  process.on('SIGTERM', () => worker.shutdown());
  process.send?.({ is: 'ready' });
  await worker.run();
  await connection.close();
  process.exit(0);
}
