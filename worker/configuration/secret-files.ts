import { readFileSync } from 'node:fs';
import { BadVariables, type Variables } from './variables.ts';

/** A variable with a secret that may also be in a file, which its `_FILE` twin names. */
type WithFile = `GATEHOUSE_${'GITHUB' | 'GITEA'}_WEBHOOK_SECRET` | 'GATEHOUSE_SLACK_SIGNING_SECRET';

/** The secret of a variable, or of the file that its `_FILE` twin names. Undefined: neither is set. Throws `BadVariables`. */
export function secretOf(variables: Variables, name: WithFile): string | undefined {
  const value = variables[name];
  const file = variables[`${name}_FILE`];
  if (typeof file !== 'string') return typeof value === 'string' ? value : undefined;
  if (value !== undefined) throw new BadVariables(`${name}_FILE: expected ${name} to be unset`);
  const text = textOf(file, name);
  if (text === '') throw new BadVariables(`${name}_FILE: expected a file with a secret; ${file} is empty`);
  return text;
}

function textOf(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (failure) {
    throw new BadVariables(`${name}_FILE: expected a file that can be read: ${(failure as Error).message}`);
  }
}
