import type { Command } from 'commander';
import { releaseIdOf, runIdOf } from '../../workflows/contracts/pipeline-run.ts';
import { badFields, found } from '../../workflows/contracts/bad-fields.ts';
import { actionNames, actions, type ActionName } from '../../workflows/contracts/messages.ts';
import { InvalidInput } from '../errors.ts';
import { isJson, withRuns, workflowIdOf } from './context.ts';
import { EXIT, Usage } from './exit-codes.ts';
import type { Ended } from './main.ts';
import { print } from './output.ts';
import { kebab, POSITIONAL } from './words.ts';

const COMMON = ['actionId', 'by', 'visit', 'head', 'note'];
const LISTS = ['findings', 'comments'];

/** One command for each human action, derived from the table of actions. */
export function addActions(program: Command, ended: Ended): void {
  for (const name of actionNames) {
    const { description, input } = actions[name];
    const own = Object.keys(input.shape).filter((field) => !COMMON.includes(field));
    const positional = POSITIONAL[name];
    const command = program
      .command(`${kebab(name)} <run>${positional ? ` [${positional}]` : ''}`)
      .description(description);
    for (const field of [...own, ...COMMON]) command.option(`--${kebab(field)} <value>`, field);
    command.action(async (run: string, ...rest: unknown[]) => {
      const given = positional ? (rest[0] as string | undefined) : undefined;
      const options = command.opts<Record<string, string>>();
      const fields = [...own, ...COMMON].flatMap((field) =>
        options[field] === undefined ? [] : [[field, options[field]]],
      );
      const raw: Record<string, unknown> = Object.fromEntries(fields);
      if (positional && given !== undefined) raw[positional] = given;
      const taken = await act(
        workflowIdOf(run, name === 'acknowledge' ? releaseIdOf : runIdOf),
        name,
        valuesOf(name, raw),
        isJson(command),
      );
      if (!taken) ended(EXIT.unanswered);
    });
  }
}

/** Answers whether it was taken: what is only queued has been answered by nobody yet. */
async function act(
  workflowId: string,
  name: ActionName,
  said: Record<string, unknown>,
  json: boolean,
): Promise<boolean> {
  const { error } = actions[name].input.safeParse(said);
  if (error) throw new InvalidInput(badFields(error, said));
  return withRuns(async ({ runs }) => {
    const acted = await runs.act(workflowId, name, said);
    print(json, { workflowId, action: name, ...acted }, (done) =>
      done.is === 'taken'
        ? `${name} was taken${done.visit ? ` at ${done.visit}` : ''} (${done.actionId}).`
        : `${name} is queued, not judged yet: no worker answered. Its id is ${done.actionId}; sending it again is safe.`,
    );
    return acted.is === 'taken';
  });
}

/** Words of a command line as the values that an action takes. */
function valuesOf(name: ActionName, raw: Record<string, unknown>): Record<string, unknown> {
  const values = { ...raw };
  // What is no number stays as it was typed, for the message that names it.
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
