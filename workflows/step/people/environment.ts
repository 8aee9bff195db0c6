import { environmentIdOf } from '../../contracts/pipeline-run.ts';
import { environmentLost, environmentReady } from '../../words/environment.ts';
import type { StepScope } from '../scope.ts';

/** Reads the environment's current status. Returns whether there is something new to show. */
export async function refreshEnvironment({ run, step, activities }: StepScope): Promise<boolean> {
  const { state } = run;
  const before = state.environment;
  if (!before || before.status === 'gone') return false;
  const { workspace, task } = state.input;
  const now = await activities.lookAtEnvironment({ workflowId: environmentIdOf(workspace, task.id) });
  if (!now || now.holder.runId !== state.firstRunId || now.generation < state.generation) return false;
  if (JSON.stringify(now) === JSON.stringify(before) || state.environment !== before) return false;

  state.generation = now.generation;
  state.environment = now;
  if (before.status === 'live' && now.status !== 'live') {
    run.notices.notify(step, 'environment_lost', environmentLost(now));
  }
  if (before.status !== 'live' && now.status === 'live') {
    run.notices.notify(step, 'environment_ready', environmentReady(now));
  }
  return true;
}
