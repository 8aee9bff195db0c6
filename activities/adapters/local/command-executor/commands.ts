import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import type { BadField } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Repositories } from '../../git/publishing/repositories.ts';
import { agentFor, FILE, type RepositorySettings } from '../../settings/repository-settings.ts';

/** Checks that a role has a command whose program exists, as far as can be seen without running it. */
export async function lacking(
  { repositories, searchPath }: { repositories: Repositories; searchPath: string | undefined },
  change: Change,
  settings: RepositorySettings,
  role: string,
): Promise<BadField[]> {
  const key = Object.hasOwn(settings.agents, role) ? role : 'default';
  const at = `${FILE}:agents.${key}`;
  const command = agentFor(settings, role);
  if (command === undefined)
    return [{ path: `${FILE}:agents.${role}`, expected: 'expected a command, or one for default' }];
  const word = programOf(command);
  if (word === undefined) return [];
  const there = !word.includes('/')
    ? await isKnownToShell(word, searchPath)
    : path.isAbsolute(word)
      ? await isRunnable(word)
      : await repositories.existsAt(change.repository, change.basis, word);
  const where = word.includes('/') ? 'a command that exists' : 'a command on PATH';
  return there ? [] : [{ path: at, expected: `expected ${where}, found '${word}'` }];
}

/**
 * The word that names the program: the first one that is not an assignment (`FOO=1 node`). Undefined if the shell would
 * expand it first, or if an assignment changes PATH.
 */
export function programOf(command: string): string | undefined {
  const assigned = /^(?:[A-Za-z_]\w*=(?:[^\s"'\\$`;&|<>()]|"[^"\\$`]*"|'[^']*')*\s+)*/.exec(command)![0];
  if (/\bPATH=/.test(assigned)) return undefined;
  const [word = ''] = command.slice(assigned.length).split(/[\s;&|<>]/, 1);
  return /^[A-Za-z0-9_./+][A-Za-z0-9_./+-]*$/.test(word) ? word : undefined;
}

const isRunnable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Asks the shell that runs commands, because it knows its own words (`ulimit`, `until`, `exec`). */
async function isKnownToShell(word: string, searchPath = ''): Promise<boolean> {
  const question = ['-c', 'command -v "$1"', 'sh', word];
  const { exitCode } = await execa('/bin/sh', question, { env: { PATH: searchPath }, extendEnv: false, reject: false });
  return exitCode === 0;
}
