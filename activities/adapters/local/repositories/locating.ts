import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GitFailed, inspect } from '../../git/door.ts';
import { machineSettings } from '../../git/machine.ts';
import { isUnanswered } from '../../git/refusals.ts';
import type { Target } from './worktrees.ts';

/** A repository of a person, as it was found. */
export interface Found {
  is: 'found';
  /** One name, however it was given: the folder that holds its common `.git`, or that folder itself. */
  name: string;
  /** The path that was given; a link in it may lead elsewhere later. */
  given: string;
  /** The folder that was given, without links: in a linked worktree another one than the name. */
  folder: string;
  /** Where refs and HEAD are read. All folders are without links. */
  at: Target;
}
/** `because`: git's own reason, where it has one that its owner can do something about. */
export type Located = Found | { is: 'none'; because?: string };

/**
 * Finds the repository that an absolute path or file:// URL names: in just this folder, never above. Worktrees, links
 * and other spellings of one repository have one name. A folder of another user counts as git says (`safe.directory`).
 */
export async function locate(repository: string): Promise<Located> {
  const given = repository.startsWith('file://') ? pathOfUrl(repository) : repository;
  if (given === undefined || !path.isAbsolute(given) || given.includes('\0')) return { is: 'none' };
  try {
    const folder = await realpath(given);
    const told = await trusting(folder);
    const [bare, inside, gitDir = '', commonDir = '', top] = told.split('\n');
    if (bare !== 'true' && (inside === 'true' || top === undefined || (await realpath(top)) !== folder)) {
      return { is: 'none' };
    }
    const folders = { gitDir: await realpath(gitDir), commonDir: await realpath(path.resolve(folder, commonDir)) };
    const isMain = bare !== 'true' && folders.gitDir === folders.commonDir;
    const at = { ...folders, ...(isMain && { checkout: folder }) };
    const name = path.basename(at.commonDir) === '.git' ? path.dirname(at.commonDir) : at.commonDir;
    return { is: 'found', name, given, folder, at };
  } catch (failure) {
    if (isUnanswered(failure)) throw failure;
    const said = failure instanceof GitFailed ? failure.stderr.trim() : '';
    return { is: 'none', ...(said !== '' && !said.includes('not a git repository') && { because: said }) };
  }
}

const QUESTION = [
  'rev-parse',
  '--is-bare-repository',
  '--is-inside-git-dir',
  '--absolute-git-dir',
  '--git-common-dir',
  '--show-toplevel',
];

/** Asks git, and once more with what the machine's owner trusts where git does not trust the folder by itself. */
async function trusting(folder: string): Promise<string> {
  try {
    return await asked(folder, []);
  } catch (failure) {
    if (!(failure instanceof GitFailed) || !failure.stderr.includes('safe.directory')) throw failure;
    return asked(folder, await machineSettings(/^safe\.directory$/));
  }
}

/** In a bare repository the last question has no answer, and git ends with 128 after the others. */
async function asked(folder: string, settings: string[]): Promise<string> {
  const { stdout, stderr, code } = await inspect(folder, QUESTION, { settings, okCodes: [0, 128] });
  if (code === 128 && !stdout.startsWith('true\n')) throw new GitFailed(QUESTION, stderr, code);
  return stdout;
}

function pathOfUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}
