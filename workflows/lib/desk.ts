import type { Activities } from '../contracts/activities.ts';
import type { StepRecord } from '../contracts/state.ts';
import type { LiveRun } from './run.ts';

/** Where one step is worked on: the run, the step, and the world as this step asks it. */
export interface Desk {
  live: LiveRun;
  step: StepRecord;
  activities: Activities;
}

export const deskFor = (live: LiveRun, step: StepRecord): Desk => ({
  live,
  step,
  activities: live.activities(step.kind),
});
