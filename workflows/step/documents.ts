import type { Documents } from '../gates/capabilities.ts';
import { brief } from '../rules/outputs.ts';
import type { StepScope } from './scope.ts';
import { transition } from './transition.ts';

export const documentsFor = (scope: StepScope): Documents => ({
  commit: (files, message) => commit(scope, files, message),
});

/** Commits documents as ours. Returns the reason if that is not possible. */
async function commit(scope: StepScope, files: Record<string, string>, message: string): Promise<string | undefined> {
  const { run, step, activities } = scope;
  const { state } = run;
  await run.budget.wait(step);
  const detail = `${Object.keys(files).join(', ')} are being committed`;
  transition(state, step, { phase: 'updating-branch', waitingOn: 'forge', detail });
  const asked = { change: state.change, known: state.head, files, message, task: brief(state.input.task) };
  const report = await activities.commitFiles({ ...asked, pipeline: state.pipeline.name });
  if (report.is === 'refused') return report.because;
  run.tracker.opened(step, report.pullRequest);
  run.saw(report);
  return undefined;
}
