import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Job } from '../../../../workflows/contracts/activities.ts';
import { checkoutAt } from '../../git/checkout.ts';
import { commitOf, isAncestor } from '../../git/commits.ts';
import { git } from '../../git/door.ts';
import type { Workshop } from '../workshop.ts';

/** What a job was begun on. `merging`: the base commit whose merge stands in its checkout, and the files in conflict. */
export const Begun = z.object({
  before: z.string().optional(),
  start: z.string(),
  merging: z.object({ base: z.string(), files: z.array(z.string()), clean: z.boolean() }).optional(),
});
export type Begun = z.output<typeof Begun>;

/** Makes the checkout in which a job works: of the work branch, or of its base while there is no such branch. */
export async function prepare(workshop: Workshop, { change, mode }: Job, tree: string): Promise<Begun> {
  const before = await workshop.headOf(change.repository, change.branch);
  const base = await workshop.headOf(change.repository, change.base);
  const start = before ?? base;
  if (!start || !base) throw new Error(`${change.base} is not there to begin ${change.branch} from.`);
  await workshop.checkout(change.repository, start, tree, change.branch);
  const begun = { ...(before && { before }), start };
  if (mode !== 'resolve') return begun;

  const here = checkoutAt(tree);
  const { code } = await git(here, ['merge', '--no-commit', '--no-ff', base], { kind: 'checkout', okCodes: [0, 1] });
  const unmerged = await git(here, ['diff', '--name-only', '--diff-filter=U', '-z']);
  const files = unmerged.stdout.split('\0').filter(Boolean);
  return { ...begun, merging: { base, files, clean: code === 0 && files.length === 0 } };
}

export type Made = { is: 'commit'; commit: string } | { is: 'nothing' } | { is: 'refused'; because: string };

/** What a writing job made, as one commit that descends from where it began; leftovers are committed by us. */
export async function collect(tree: string, { start, merging }: Begun, message: string): Promise<Made> {
  if (merging) {
    const left = await unresolved(tree, merging.files);
    if (left.length > 0) return { is: 'refused', because: `Conflicts are left in ${left.slice(0, 10).join(', ')}.` };
  }
  const here = checkoutAt(tree);
  const kind = 'checkout' as const;
  await git(here, ['add', '--all'], { kind });
  const standing = await commitOf(here, 'MERGE_HEAD');
  const { code } = await git(here, ['diff', '--cached', '--quiet'], { kind, okCodes: [0, 1] });
  if (code === 1 || standing) await git(here, ['commit', '--quiet', '--no-verify', '--message', message], { kind });

  const head = await commitOf(here, 'HEAD');
  if (!head || !(await isAncestor(here, start, head))) {
    return { is: 'refused', because: `The result does not descend from ${start.slice(0, 8)}: nothing was pushed.` };
  }
  if (merging && !(await isAncestor(here, merging.base, head))) {
    return { is: 'refused', because: 'The merge of the base was given up: nothing was pushed.' };
  }
  return head === start ? { is: 'nothing' } : { is: 'commit', commit: head };
}

/** What a reading job changed or committed all the same. */
export async function discarded(tree: string, { start }: Begun): Promise<string[]> {
  const here = checkoutAt(tree);
  const status = await git(here, ['status', '--porcelain', '-z', '--no-renames'], { kind: 'checkout' });
  const head = await commitOf(here, 'HEAD');
  const committed =
    head === start ? '' : (await git(here, ['diff', '--name-only', '-z', '--no-renames', start, head ?? start])).stdout;
  const changed = status.stdout.split('\0').map((line) => line.slice(3));
  return [...new Set([...changed, ...committed.split('\0')])].filter(Boolean).slice(0, 20);
}

/** Files that were in conflict and still carry its marks. */
async function unresolved(tree: string, files: string[]): Promise<string[]> {
  const marked = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(path.join(tree, file), 'utf8').catch(() => '');
      return /^(<{7}|>{7}) /m.test(text) ? [file] : [];
    }),
  );
  return marked.flat();
}

/** A job as its agent is told of it: exactly what contract 13 names. */
export function toldOf({ key, role, task, change, brief, priorOutputs, resolvedDecision, revision, environment }: Job) {
  const { basis, ...shown } = change;
  void basis;
  return { key, role, task, change: shown, brief, priorOutputs, resolvedDecision, revision, environment };
}
