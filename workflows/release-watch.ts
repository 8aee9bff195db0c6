import { releaseIdOf } from './contracts/pipeline-run.ts';
import { ReleaseInput } from './contracts/release.ts';
import { postReleaseHealth, watchRelease, type Watch, type Watched } from './gates/release.ts';
import { contextFor } from './lib/context.ts';
import { deskFor } from './lib/desk.ts';
import { enter } from './lib/door.ts';
import { allTold, conclude, refuseInput } from './lib/ending.ts';
import { serve } from './lib/inbox.ts';
import { watchRecordOf } from './lib/record.ts';
import { LiveRun } from './lib/run.ts';
import { stop } from './lib/standing.ts';
import { takeSteps } from './lib/steps.ts';

/**
 * Watches what a run has released. It is read and acted on as a run is, for it is one of a single step; it ends when its
 * time is over, or when somebody has acknowledged a regression.
 */
export async function releaseWatch(raw: unknown): Promise<Watch> {
  const input = enter(ReleaseInput, raw, {
    id: ({ workspace, task }) => releaseIdOf(workspace, task.id),
    handedOn: { path: 'resume.state', of: ({ resume }) => resume?.['state'] },
    refuse: refuseInput,
  });
  const { resume, ...own } = input;
  void resume;
  const live = new LiveRun(watchRecordOf(input), own);
  let watch: Watch = { health: 'no-data', signals: [] };
  const work = () =>
    takeSteps(live, (step) => {
      step.state = 'working';
      step.startedAt ??= new Date().toISOString();
      const ctx = contextFor(deskFor(live, step), () => stop(live));
      const options = postReleaseHealth.options.parse(optionsOf(step.options));
      return watchRelease({ ...ctx, options } as Watched, (told) => (watch = told));
    });
  return serve(live, () => conclude(live, work, { complete: () => watch, tell: allTold }));
}

/** A step's own options, without the keys that all steps have. */
const optionsOf = ({ minutes, attempts, onNoData }: Record<string, unknown>) => ({ minutes, attempts, onNoData });
