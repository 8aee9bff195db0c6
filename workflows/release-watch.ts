import { releaseIdOf } from './contracts/pipeline-run.ts';
import { ReleaseInput } from './contracts/release.ts';
import { postReleaseHealth, watchRelease, type Watch, type Watched } from './gates/release.ts';
import { contextFor } from './step/context.ts';
import { scopeFor } from './step/scope.ts';
import { parseInput } from './temporal/input.ts';
import { waitForNotices } from './run/ending/end-notices.ts';
import { conclude } from './run/ending/ending.ts';
import { refuseInput } from './run/ending/invalid-input.ts';
import { serve } from './run/messages.ts';
import { watchRecordOf } from './run/record.ts';
import { LiveRun } from './run/live-run.ts';
import { stop } from './run/always-available.ts';
import { takeSteps } from './run/steps.ts';

/**
 * Watches what a run has released. It is a run with a single step, so people read it and act on it as on a run. It ends when
 * its time is over, or when somebody acknowledges a regression.
 */
export async function releaseWatch(raw: unknown): Promise<Watch> {
  const input = parseInput(ReleaseInput, raw, {
    id: ({ workspace, task }) => releaseIdOf(workspace, task.id),
    handedOn: { path: 'resume.state', of: ({ resume }) => resume?.['state'] },
    refuse: refuseInput,
  });
  const { resume, ...own } = input;
  void resume;
  const live = new LiveRun(watchRecordOf(input), own, { input: own });
  let watch: Watch = { health: 'no-data', signals: [] };
  const work = () =>
    takeSteps(live, (step) => {
      step.state = 'working';
      step.startedAt ??= new Date().toISOString();
      const ctx = contextFor(scopeFor(live, step), postReleaseHealth.uses ?? [], () => stop(live));
      const options = postReleaseHealth.options.parse(optionsOf(step.options));
      return watchRelease({ ...ctx, options } as Watched, (reported) => (watch = reported));
    });
  return serve(live, () => conclude(live, work, { complete: () => watch, notify: waitForNotices }));
}

/** A step's own options, without the keys that all steps have. */
const optionsOf = ({ minutes, attempts, onNoData }: Record<string, unknown>) => ({ minutes, attempts, onNoData });
