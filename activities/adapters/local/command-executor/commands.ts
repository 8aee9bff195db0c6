import { access, constants } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { execa } from 'execa';
import type { BadField } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { presetNamed } from '../../agents/presets/index.ts';
import type { PresetName } from '../../agents/preset.ts';
import { secretsFor, type Configuration } from '../../configuration/configuration.ts';
import type { Repositories } from '../../git/publishing/repositories.ts';
import { agentFor } from '../../settings/agent-settings.ts';
import type { AgentsFound } from '../../settings/reading.ts';

interface Given {
  repositories: Repositories;
  /** The `PATH` on which programs are found. */
  searchPath: string | undefined;
  configuration: Configuration;
}

/** Checks that a role has an agent whose program and secrets exist, as far as can be seen without running it. */
export async function lacking(
  given: Given,
  change: Change,
  { agents, at }: AgentsFound,
  role: string,
): Promise<BadField[]> {
  const path = `${at}.${Object.hasOwn(agents, role) ? role : 'default'}`;
  const agent = agentFor(agents, role);
  if (agent === undefined) {
    return [{ path: `${at}.${role}`, expected: 'expected an agent, or one for default, found nothing' }];
  }
  const fields =
    agent.is === 'preset'
      ? await withoutPreset(given, path, role, agent)
      : await withoutProgram(given, change, path, agent.command);
  return [...fields, ...withoutSecrets(given, change, path, agent.secrets)];
}

function withoutSecrets({ configuration }: Given, change: Change, path: string, names: string[]): BadField[] {
  const read = secretsOf(configuration, names, change);
  if (!('missing' in read)) return [];
  return [
    { path: `${path}.secrets`, expected: `expected secrets that this worker has, found ${read.missing.join('; ')}` },
  ];
}

/** The secrets that an agent names, for its work on a change. Nothing of a fork gets any. */
export const secretsOf = (
  configuration: Configuration,
  names: readonly string[],
  { repository, fork }: Pick<Change, 'repository' | 'fork'>,
): ReturnType<typeof secretsFor> =>
  fork && names.length > 0
    ? { missing: names.map((name) => `${name}, which nothing of a fork may have`) }
    : secretsFor(configuration, names, repository);

async function withoutPreset(
  { searchPath }: Given,
  path: string,
  role: string,
  { preset: name, env }: { preset: PresetName; env: Record<string, string> },
): Promise<BadField[]> {
  const { program, install } = await presetNamed(name);
  if (await isKnownToShell(program, env['PATH'] ?? searchPath)) return [];
  return [{ path, expected: `expected the program of ${role}, '${program}', on PATH. To get it: ${install}` }];
}

async function withoutProgram(
  { repositories, searchPath }: Given,
  change: Change,
  at: string,
  command: string,
): Promise<BadField[]> {
  const word = programOf(command);
  if (word === undefined) return [];
  const there = !word.includes('/')
    ? await isKnownToShell(word, searchPath)
    : isAbsolute(word)
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
