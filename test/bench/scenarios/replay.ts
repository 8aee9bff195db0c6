import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { dataConverter, workflowBundle } from '../../../worker/bundle.ts';
import { now } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Stage } from '../stage.ts';

const ACTIONS = 40;

/**
 * Measures the replay rate of Core and the workflow code, as after an eviction or a restart. Replays a run with many
 * actions again and again, on a finished bundle.
 */
export async function replay(stage: Stage, pace: Pace, book: Book): Promise<void> {
  stage.say('replaying recorded histories');
  const logging = { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } as const;
  const quiet = new DefaultLogger('ERROR');
  Runtime.install({ logger: quiet, telemetryOptions: { logging } });

  const task = await actedOn(stage);
  const name = await bareActedOn(stage);
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../floor/workflows.ts', import.meta.url)),
    logger: quiet,
  });
  // The bundle that the worker has already built.
  const ours = { workflowBundle: await workflowBundle(await stage.cluster.folder('gatehouse')), dataConverter };
  const floor: number[][] = [];
  const gatehouse: number[][] = [];
  for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
    floor.push([await rate({ workflowBundle: { code } }, stage.bare(name), pace.replays)]);
    gatehouse.push([await rate(ours, stage.run(task), pace.replays)]);
  }
  book.add({ id: 'replay', ...METRICS.replay }, { floor: figure(floor), gatehouse: figure(gatehouse) });
}

/** Events per second, over this many replays of one history. */
async function rate(options: ReplayWorkerOptions, run: ReturnType<Stage['bare']>, times: number): Promise<number> {
  const history = await run.fetchHistory();
  const { workflowId } = run;
  await Worker.runReplayHistory(options, history, workflowId);
  const begun = now();
  const results = Worker.runReplayHistories(
    options,
    Array.from({ length: times }, () => ({ workflowId, history })),
  );
  for await (const { error } of results) if (error) throw error;
  return ((history.events?.length ?? 0) * times) / ((now() - begun) / 1_000);
}

/** A run that is parked again after `ACTIONS` actions. */
async function actedOn(stage: Stage): Promise<string> {
  const task = stage.name('replayed');
  const ready = () => stage.effects.next(`${task} human_test_ready`);
  let parked = ready();
  const pipeline = { steps: [{ kind: 'coder' }, { kind: 'human-test' }] };
  await stage.startRun(task, { pipeline, policy: { fixAttempts: ACTIONS } });
  for (let turn = 0; turn < ACTIONS; turn += 1) {
    await parked;
    parked = ready();
    await stage.run(task).signal('requestFix', { by: 'ana', findings: 'The total lacks the tax.' });
  }
  await parked;
  return task;
}

/** A bare workflow with as many activities as that run has jobs and notices. */
async function bareActedOn(stage: Stage): Promise<string> {
  const name = stage.name('replayed-floor');
  let done = stage.effects.next(`${name} parked`);
  await stage.startFloor('parked', name);
  for (let turn = 0; turn < ACTIONS * 2; turn += 1) {
    await done;
    done = stage.effects.next(name);
    await stage.bare(name).signal('act');
  }
  await done;
  return name;
}
