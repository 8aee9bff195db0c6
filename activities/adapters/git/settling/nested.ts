import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ask, changesSince, LINK, listed, lookAt, partsOf, Refusal, textAt, type Checkout } from './checkout.ts';
import { shownName, type Name } from './names.ts';

/** The repositories that an agent has left inside its checkout. */
export interface Nested {
  /** Former repositories whose files became part of the change, each with the new place of its git folder. */
  takenIn: { name: string; git: string }[];
  /** Worktrees that the agent added inside its checkout. They are not part of the change. */
  worktrees: string[];
  /** The files that are untracked afterwards and not ignored. */
  others: Name[];
}

/** The maximum depth of nested repositories. */
const DEEPEST = 20;

/**
 * Turns untracked repositories in a checkout, such as those that code generators create, into plain folders by moving their
 * git folders away. Otherwise git would record a link to a commit that no remote has. Clones of other repositories are
 * refused, so that nothing foreign becomes part of the change. Repositories that `.gitmodules` names stay submodules.
 */
export async function flattened(checkout: Checkout): Promise<Nested> {
  const found: Nested = { takenIn: [], worktrees: [], others: [] };
  const aside = path.join(checkout.view.gitDir, 'aside');
  await mkdir(aside, { recursive: true });
  const modules = await submodulesOf(checkout);
  await withoutLinks(checkout, modules);
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const others = partsOf(
      await ask(checkout, ['ls-files', '--others', '--exclude-standard', '-z'], { kind: 'checkout', bytes: true }),
    );
    const repositories = others.filter((name) => name.endsWith('/')).map((name) => shownName(name.slice(0, -1)));
    const nested = repositories.filter((name) => !modules.has(name));
    if (nested.length === 0) return { ...found, others };

    const clones: string[] = [];
    for (const name of nested) {
      const at = path.join(checkout.tree, name);
      const kind = await kindOf(checkout, name);
      const to = path.join(aside, String(found.takenIn.length + found.worktrees.length));
      if (kind.is === 'clone') clones.push(`${name} (of ${kind.of})`);
      else if (kind.is === 'worktree') {
        await moved(at, to);
        found.worktrees.push(name);
      } else {
        await moved(path.join(at, '.git'), to);
        found.takenIn.push({ name, git: to });
      }
    }
    if (clones.length > 0) {
      const because = `Clones of other repositories were left in the checkout: ${listed(clones)}.`;
      throw new Refusal(`${because} Their files are not part of the change, and .gitmodules does not name them.`);
    }
  }
  throw new Refusal(`Nested repositories were left more than ${DEEPEST} levels deep.`);
}

/** Removes new links that `.gitmodules` does not name from the index, so that their folders are inspected. */
async function withoutLinks(checkout: Checkout, modules: Set<string>): Promise<void> {
  const changes = await changesSince(checkout, checkout.begun.start);
  const links = changes.filter(({ from, to, path }) => to.mode === LINK && from.mode !== LINK && !modules.has(path));
  if (links.length === 0) return;
  const input = links.map(({ to, path }) => `0 ${'0'.repeat(to.id.length)}\t${path}\0`).join('');
  await ask(checkout, ['update-index', '-z', '--index-info'], { kind: 'write', input });
}

type Kind = { is: 'repository' | 'worktree' } | { is: 'clone'; of: string };

async function kindOf(checkout: Checkout, name: string): Promise<Kind> {
  const git = path.join(name, '.git');
  const { is } = await lookAt(checkout, git);
  if (is === 'file') {
    const link = (await textAt(path.join(checkout.tree, git), 10_000)) ?? '';
    return { is: /^gitdir: .*\/worktrees\/[^/]+\s*$/.test(link) ? 'worktree' : 'repository' };
  }
  const settings = (await textAt(path.join(checkout.tree, git, 'config'))) ?? '';
  const remote = /^\s*\[remote /m.test(settings);
  const url = /^\s*url\s*=\s*"?([^"\n]*)/m.exec(settings)?.[1]?.trim();
  return remote ? { is: 'clone', of: withoutPassword(url ?? 'an unnamed place') } : { is: 'repository' };
}

const withoutPassword = (url: string) => url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1…@');

/** Moves a file or folder within the agent's checkout. Restores write access to its folder if the agent has removed it. */
async function moved(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (failure) {
    if (!['EACCES', 'EPERM'].includes((failure as NodeJS.ErrnoException).code ?? '')) throw failure;
    await chmod(path.dirname(from), 0o755);
    await rename(from, to);
  }
}

/** The paths in the checkout's `.gitmodules`. Empty if git cannot read the file. */
async function submodulesOf(checkout: Checkout): Promise<Set<string>> {
  const text = await textAt(path.join(checkout.tree, '.gitmodules'));
  if (text === undefined) return new Set();
  const file = path.join(checkout.view.gitDir, 'gitmodules');
  await writeFile(file, text);
  return pathsIn(checkout, ['--file', file]);
}

/** The paths of submodules in a file of this kind. */
export async function pathsIn(checkout: Checkout, where: readonly string[]): Promise<Set<string>> {
  const args = ['config', ...where, '--no-includes', '--null', '--get-regexp', String.raw`^submodule\..*\.path$`];
  const { stdout, code } = await ask(checkout, args, { okCodes: [0, 1, 3, 128] });
  if (code !== 0) return new Set();
  return new Set(
    stdout.split('\0').flatMap((entry) => (entry.includes('\n') ? [entry.slice(entry.indexOf('\n') + 1)] : [])),
  );
}
