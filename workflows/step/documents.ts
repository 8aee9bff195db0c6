import type { Text } from '../contracts/facts.ts';
import type { Documents } from '../gates/capabilities.ts';
import { brief } from '../rules/outputs.ts';
import { committing } from '../words/documents.ts';
import { inWords } from '../words/index.ts';
import type { StepScope } from './scope.ts';
import { transition } from './transition.ts';

export const documentsFor = (scope: StepScope): Documents => ({
  commit: (files, message) => commit(scope, files, message),
});

/** Commits documents as ours. Returns the reason if that is not possible. */
async function commit(scope: StepScope, files: Record<string, string>, message: Text): Promise<string | undefined> {
  const { run, step, activities } = scope;
  const { state } = run;
  await run.budget.wait(step);
  const detail = committing({ files: Object.keys(files) });
  transition(state, step, { phase: 'updating-branch', waitingOn: 'forge', detail });
  const asked = {
    change: state.change,
    known: state.head,
    files,
    message: inWords(message),
    task: brief(state.input.task),
  };
  const report = await activities.commitFiles({ ...asked, pipeline: state.pipeline.name });
  if (report.is === 'refused') return report.because;
  run.tracker.opened(step, report.pullRequest);
  run.saw(report);
  return undefined;
}
