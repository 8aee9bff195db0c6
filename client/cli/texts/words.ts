import { actions, type ActionName } from '../../../workflows/contracts/messages.ts';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { kebab, POSITIONAL } from '../../../workflows/contracts/text/typing.ts';
import { shellWord } from '../../../workflows/contracts/text/quoting.ts';
import type { RunAnswer } from '../../../workflows/contracts/reading.ts';
import { askedNow } from '../../../workflows/rules/describe.ts';
import { typed } from '../../invocation.ts';

/** RUN as the command line accepts it: only the task, if it is in the default workspace. */
export const runNameOf = ({ workflowId, task }: Pick<RunAnswer, 'workflowId' | 'task'>): string =>
  workflowId === runIdOf('default', task.id) ? task.id : workflowId.replace(/^run\//, '');

/** A sample input of an action, filled with the ids that the run asks for now. */
export const sampleFor = (name: ActionName, { current }: Pick<RunAnswer, 'current'>): Record<string, unknown> => ({
  ...actions[name].sample,
  ...askedNow(name, current),
});

/** The command for an action, ready to paste into a shell. */
export function commandFor(name: ActionName, run: Pick<RunAnswer, 'workflowId' | 'task' | 'current'>): string {
  const words = Object.entries(sampleFor(name, run)).map(([field, value]) =>
    field === POSITIONAL[name] ? shellWord(value) : `--${kebab(field)} ${shellWord(value)}`,
  );
  return typed([kebab(name), runNameOf(run), ...words].join(' '));
}
