import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import type { BadField } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { FILE, type RepositorySettings } from '../settings.ts';
import type { Workshop } from '../workshop.ts';

export const commandFor = ({ agents }: RepositorySettings, role: string): string | undefined =>
  Object.hasOwn(agents, role) ? agents[role] : agents['default'];

/** A role needs a command. Its first word must be there, as far as that can be told without running it. */
export async function lacking(
  { workshop, searchPath }: { workshop: Workshop; searchPath: string | undefined },
  change: Change,
  settings: RepositorySettings,
  role: string,
): Promise<BadField[]> {
  const key = Object.hasOwn(settings.agents, role) ? role : 'default';
  const at = `${FILE}:agents.${key}`;
  const command = commandFor(settings, role);
  if (command === undefined)
    return [{ path: `${FILE}:agents.${role}`, expected: 'expected a command, or one for default' }];
  const word = command.split(/\s+/, 1)[0]!;
  if (!/^[A-Za-z0-9_./+-]+$/.test(word)) return [];
  const there = !word.includes('/')
    ? await onPath(word, searchPath)
    : path.isAbsolute(word)
      ? await runnable(word)
      : await workshop.existsAt(change.repository, change.basis, word);
  const where = word.includes('/') ? 'a command that is there' : 'a command on PATH';
  return there ? [] : [{ path: at, expected: `expected ${where}; not found: ${word}` }];
}

const runnable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

async function onPath(word: string, searched = ''): Promise<boolean> {
  if (BUILT_IN.has(word)) return true;
  const found = await Promise.all(searched.split(path.delimiter).map((folder) => runnable(path.join(folder, word))));
  return found.includes(true);
}

/** Words that a POSIX shell answers to by itself, where a command line may well begin. */
const BUILT_IN = new Set([
  'cd',
  'echo',
  'exec',
  'exit',
  'export',
  'if',
  'printf',
  'set',
  'test',
  'true',
  'false',
  'for',
  'while',
  'case',
  'eval',
  'trap',
  'umask',
  'unset',
  'read',
]);
