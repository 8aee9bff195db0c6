import { actions, type ActionName } from '../../../workflows/contracts/messages.ts';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { shellWord } from '../../../workflows/contracts/text/quoting.ts';
import type { RunAnswer } from '../../../workflows/contracts/reading.ts';
import { askedNow } from '../../../workflows/rules/describe.ts';
import { typed } from '../../invocation.ts';

/** An action's name as a command: `requestFix` is `request-fix`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The field that may follow RUN without its option, for actions that are mostly one text. */
export const POSITIONAL: Partial<Record<ActionName, string>> = {
  requestFix: 'findings',
  requestChanges: 'feedback',
  reject: 'reason',
  pause: 'reason',
  resume: 'reason',
  stop: 'reason',
  incorporate: 'feedback',
  resolveCap: 'choice',
  restartFrom: 'step',
};

/** RUN as the command line takes it: the task alone, if it is in the default workspace. */
export const runNameOf = ({ workflowId, task }: Pick<RunAnswer, 'workflowId' | 'task'>): string =>
  workflowId === runIdOf('default', task.id) ? task.id : workflowId.replace(/^run\//, '');

/** An input to paste for an action: its sample, with what this run asks for now. */
export const sampleFor = (name: ActionName, { current }: Pick<RunAnswer, 'current'>): Record<string, unknown> => ({
  ...actions[name].sample,
  ...askedNow(name, current),
});

/** An action as a command to paste into a shell. */
export function commandFor(name: ActionName, run: Pick<RunAnswer, 'workflowId' | 'task' | 'current'>): string {
  const words = Object.entries(sampleFor(name, run)).map(([field, value]) =>
    field === POSITIONAL[name] ? shellWord(value) : `--${kebab(field)} ${shellWord(value)}`,
  );
  return typed([kebab(name), runNameOf(run), ...words].join(' '));
}
