import { stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Job } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { plain } from '../../processes/text.ts';
import { checkoutAt } from '../checkout.ts';
import { git, type GitAnswer, type Repository } from '../door.ts';
import { CheckoutRefused, isRefusal } from '../refusals.ts';
import type { GitWorkspace } from '../workspace.ts';
import { Refusal, type Begun } from './checkout.ts';

/**
 * Makes the checkout for a job: of the work branch, or of its base while the branch does not exist. Throws `Refusal` if git
 * refuses these commits, and transient failures otherwise.
 */
export async function prepare(
  workspace: Pick<GitWorkspace, 'headOf' | 'checkout'>,
  { change, mode }: Job,
  tree: string,
): Promise<Begun> {
  // Of a fork only the head runs that a person has looked at, even if it has moved since.
  const before = change.fork ? change.head : await workspace.headOf(change.repository, change.branch);
  const base = await workspace.headOf(change.repository, change.base);
  const start = before ?? base;
  if (!start || !base) throw new Error(`There is no branch ${change.base} from which to begin ${change.branch}.`);
  const { branch, fork } = change;
  const onto = { branch, base: change.base, fork };
  await workspace.checkout(change.repository, start, tree, onto).catch((failure: unknown) => {
    throw failure instanceof CheckoutRefused ? new Refusal(failure.message) : failure;
  });
  const begun = { ...(before && { before }), start, baseHead: base };
  if (mode !== 'resolve') return begun;

  const here = checkoutAt(tree);
  const { code, stdout, stderr } = await merged(here, base);
  const unmerged = await git(here, ['diff', '--name-only', '--diff-filter=U', '-z']);
  const files = unmerged.stdout.split('\0').filter(Boolean);
  if (code !== 0 && files.length === 0) throw refusedMerge(change, `${stderr}\n${stdout}`);
  return { ...begun, merging: { base, files, clean: code === 0 && files.length === 0 } };
}

/**
 * Begins the merge and leaves it open for the agent. Git need not inspect files that are as new as its index, because nobody
 * has touched them since the checkout. If it did, it would take its own conversions for changes.
 */
async function merged(
  here: Repository,
  base: string,
): Promise<Pick<GitAnswer, 'stdout' | 'stderr'> & { code?: number }> {
  const index = path.join(here.gitDir, 'index');
  const nextSecond = Math.floor((await stat(index)).mtimeMs / 1_000) + 1;
  await utimes(index, nextSecond, nextSecond);
  try {
    return await git(here, ['merge', '--no-commit', '--no-ff', base], { kind: 'checkout', okCodes: [0, 1] });
  } catch (failure) {
    if (!isRefusal(failure)) throw failure;
    return { stdout: '', stderr: failure.stderr };
  }
}

const refusedMerge = ({ base, branch }: Change, words: string) =>
  new Refusal(`Git refuses to merge ${base} into ${branch}: ${plain(words).trim().slice(-1_000)}`);
