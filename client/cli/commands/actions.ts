import { releaseIdOf, runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { badFields, found } from '../../../workflows/contracts/bad-fields.ts';
import { actions, type ActionName } from '../../../workflows/contracts/messages.ts';
import { InvalidInput } from '../../errors.ts';
import type { ActionCommand } from '../action-commands.ts';
import type { Called } from '../called.ts';
import { withRuns, workflowIdOf } from '../context.ts';
import { EXIT, Usage } from '../exit-codes.ts';
import { print } from '../output.ts';

const LISTS = ['findings', 'comments'];

type Acting = Called<[run: string, given?: string], Record<string, string>>;

/** The function behind the command of a human action. */
export const actionOf =
  ({ name, positional }: ActionCommand) =>
  async ({ args: [run, given], options, json }: Acting): Promise<number> => {
    const workflowId = workflowIdOf(run, name === 'acknowledge' ? releaseIdOf : runIdOf);
    const typed = { ...options, ...(positional && given !== undefined && { [positional]: given }) };
    const taken = await act(workflowId, name, valuesOf(name, typed), json);
    return taken ? EXIT.done : EXIT.unanswered;
  };

/** Returns whether the action was taken. A queued action has not been validated yet. */
async function act(
  workflowId: string,
  name: ActionName,
  said: Record<string, unknown>,
  json: boolean,
): Promise<boolean> {
  const { error } = actions[name].input.safeParse(said);
  if (error) throw new InvalidInput(badFields(error, said));
  return withRuns(async ({ runs }) => {
    const acted = await runs.act(workflowId, name, { ...said, via: 'cli' });
    print(json, { workflowId, action: name, ...acted }, (done) =>
      done.is === 'taken'
        ? `${name} was taken${done.visit ? ` at ${done.visit}` : ''} (${done.actionId}).`
        : `${name} is queued, because no worker answered. Its id is ${done.actionId}; sending it again is safe.`,
    );
    return acted.is === 'taken';
  });
}

/** Converts the words of a command line to the values of an action's fields. */
function valuesOf(name: ActionName, typed: Record<string, string>): Record<string, unknown> {
  const values: Record<string, unknown> = { ...typed };
  // Anything else stays as it was typed, for the error message.
  if (/^-?\d+(?:\.\d+)?$/.test(String(values['step']))) values['step'] = Number(values['step']);
  for (const field of LISTS) {
    if (name === 'requestFix' || typeof values[field] !== 'string') continue;
    values[field] = field === 'findings' ? values[field].split(',') : jsonOf(values[field]);
  }
  return values;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Usage(`--comments: expected JSON, as [{"quote": "…", "text": "…"}], found ${found(text)}`);
  }
}
