import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GitFailed, inspect } from '../../git/door.ts';
import { machineSettings } from '../../git/machine.ts';
import { isUnanswered } from '../../git/refusals.ts';
import type { Target } from './worktrees.ts';

/** A person's repository, as it was found. */
export interface Found {
  is: 'found';
  /** The canonical name, whichever path was given: the folder that contains its common `.git`, or the git folder itself. */
  name: string;
  /** The given path. A link in it may lead elsewhere later. */
  given: string;
  /** The given folder, with links resolved. For a linked worktree it differs from the name. */
  folder: string;
  /** The place from which refs and HEAD are read. All links are resolved. */
  at: Target;
}
/** `because`: git's own reason, if the owner can do something about it. */
export type Located = Found | { is: 'none'; because?: string };

/**
 * Finds the repository at an absolute path or file:// URL, in exactly this folder and never above. Worktrees, links and
 * other spellings of a repository have one name. Git decides whether another user's folder is trusted (`safe.directory`).
 */
export async function locate(repository: string): Promise<Located> {
  const given = repository.startsWith('file://') ? pathOfUrl(repository) : repository;
  if (given === undefined || !path.isAbsolute(given) || given.includes('\0')) return { is: 'none' };
  try {
    const folder = await realpath(given);
    const reported = await trusting(folder);
    const [bare, inside, gitDir = '', commonDir = '', top] = reported.split('\n');
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

/** Asks git about the folder. If git does not trust it, asks again with the machine's own `safe.directory` settings. */
async function trusting(folder: string): Promise<string> {
  try {
    return await asked(folder, []);
  } catch (failure) {
    if (!(failure instanceof GitFailed) || !failure.stderr.includes('safe.directory')) throw failure;
    return asked(folder, await machineSettings(/^safe\.directory$/));
  }
}

/** A bare repository has no answer to the last question: git ends with 128 after the others. */
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
