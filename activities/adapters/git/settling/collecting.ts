import { commitTree, isAncestor } from '../commits.ts';
import { ask, commitsOf, listed, ownCommits, Refusal, short, type Checkout } from './checkout.ts';
import type { Conflicts } from './checkout.ts';
import { conflictsInIndex, mergeOf, undecided } from './conflicts.ts';
import type { GitState } from './git-state.ts';
import { linksOf } from './links.ts';
import { marksLeft, mergesOf } from './marks.ts';
import { snapshotOf, usableIndex, type Snapshot } from './snapshot.ts';

/** The maximum number of an agent's own merges that are searched for conflicts. */
const MERGES = 100;

/** The work of a writing job. `notes`: anything about it that a person would not expect. */
export interface Collected {
  /** Undefined if the job made nothing. */
  commit?: string | undefined;
  notes: string[];
  takenIn: Snapshot['takenIn'];
}

/**
 * Collects the work of a writing job as one commit that descends from its start: the agent's own commits, followed by one of
 * ours with the files that it did not commit. Throws `Refusal` if the work cannot be published.
 */
export async function collect(checkout: Checkout, state: GitState, message: string): Promise<Collected> {
  const { start, merging } = checkout.begun;
  const head = await headOf(checkout, state);
  const conflicts = await decided(checkout, state, head);
  const snapshot = await snapshotOf(checkout, head);
  const notes = notesOf(snapshot);
  const isClean = snapshot.changes.length === 0 && state.merging.length === 0;

  const base = await baseOf(checkout, state, head, isClean);
  if (base.note) notes.push(base.note);
  let commit = isClean ? base.commit : await commitOn(checkout, base.commit, snapshot.tree, state.merging, message);
  if (merging && !(await isAncestor(checkout.view, merging.base, commit, checkout.limits))) {
    throw new Refusal('The merge of the base was given up: nothing was pushed.');
  }
  if (commit === start) return { notes, takenIn: snapshot.takenIn };

  const links = await linksOf(checkout, commit);
  if (links.refused) throw new Refusal(links.refused);
  if (links.between.length > 0) {
    notes.push(
      `Links to repositories that .gitmodules does not name are not part of the change: ${listed(links.between)}.`,
    );
    commit = await asOneCommit(checkout, commit, links.between, message);
    if (commit === start) return { notes, takenIn: snapshot.takenIn };
  }
  await mustHoldNoMarks(checkout, commit, conflicts);
  return { commit, notes, takenIn: snapshot.takenIn };
}

/** The commit of HEAD. Throws if there is none, or if a rebase or a patch series is unfinished. */
async function headOf({ begun }: Checkout, { head, branch, underway }: GitState): Promise<string> {
  if (underway) throw new Refusal(`A ${underway} was left unfinished: nothing was pushed.`);
  if (head !== undefined) return head;
  const named = branch === undefined ? 'no commit that exists' : `${branch}, which has no commit`;
  throw new Refusal(`HEAD names ${named}, and so the result does not descend from ${short(begun.start)}.`);
}

/**
 * Returns all known conflicts, and throws `Refusal` unless each is resolved. Called before anything is added to the index.
 */
async function decided(checkout: Checkout, state: GitState, head: string): Promise<Conflicts> {
  const theirs = state.merging[0] ?? checkout.begun.merging?.base;
  const merge = theirs === undefined ? { conflicts: new Map() as Conflicts } : await mergeOf(checkout, head, theirs);
  const isUsable = await usableIndex(checkout, head);
  const { unmerged, staged } = await conflictsInIndex(checkout);
  const open = await undecided(checkout, isUsable ? unmerged : merge.conflicts, merge);
  if (open.length > 0) {
    const because = `Conflicts are left in ${listed(open)}.`;
    throw new Refusal(`${because} To keep a file as git left it, stage it with git add or git rm.`);
  }
  return new Map([...merge.conflicts, ...staged, ...unmerged]);
}

interface Base {
  commit: string;
  note?: string;
}

/**
 * The commit that becomes the result or its parent: HEAD's commit, or the head of the only branch on which the agent left
 * its work before it switched back.
 */
async function baseOf(checkout: Checkout, state: GitState, head: string, isClean: boolean): Promise<Base> {
  const { start } = checkout.begun;
  const descends = await isAncestor(checkout.view, start, head, checkout.limits);
  if (descends && (head !== start || !isClean)) return { commit: head };

  const own = await ownCommits(checkout, [head]);
  if (!descends && (own.length > 0 || !isClean)) throw reset(start);
  const [only, ...others] = await branchesAhead(checkout, state);
  if (only && others.length === 0) {
    return { commit: only.commit, note: `Taken from the branch ${only.name}, where the agent had left it.` };
  }
  // Checking out another commit changes nothing, but moving the branch itself does.
  if (!descends && state.branches.some(({ commit }) => commit === start)) return { commit: start };
  if (!descends) throw reset(start);
  return { commit: start };
}

const reset = (start: string) =>
  new Refusal(
    `The result does not descend from ${short(start)}: existing commits were dropped or rewritten. Nothing was pushed.`,
  );

/** Branches with commits of the agent that descend from the start, except branches that another one contains. */
async function branchesAhead(checkout: Checkout, { branches }: GitState): Promise<GitState['branches']> {
  const { start } = checkout.begun;
  const own = new Set(
    await ownCommits(
      checkout,
      branches.map(({ commit }) => commit),
    ),
  );
  const ahead: GitState['branches'] = [];
  for (const branch of branches.filter(({ commit }) => own.has(commit))) {
    const isSame = ahead.some(({ commit }) => commit === branch.commit);
    if (!isSame && (await isAncestor(checkout.view, start, branch.commit, checkout.limits))) ahead.push(branch);
  }
  const ids = ahead.map(({ commit }) => commit);
  const below = await Promise.all(
    ahead.map(async ({ commit }) => {
      const without = ids.filter((id) => id !== commit);
      return (await commitsOf(checkout, { from: [commit], without, options: ['--max-count=1'] })).length === 0;
    }),
  );
  return ahead.filter((_, index) => !below[index]);
}

async function commitOn(checkout: Checkout, head: string, tree: string, merging: readonly string[], message: string) {
  const parents = [head];
  for (const other of merging) {
    if (!(await isAncestor(checkout.view, other, head, checkout.limits))) parents.push(other);
  }
  const { stdout } = await ask(checkout, ['rev-parse', `${head}^{tree}`]);
  return stdout === tree && parents.length === 1 ? head : commitTree(checkout.view, tree, parents, message);
}

/** Squashes the agent's commits into one if some of them had a submodule link that leads nowhere. */
async function asOneCommit(checkout: Checkout, commit: string, links: readonly string[], message: string) {
  const { start } = checkout.begun;
  if ((await commitsOf(checkout, { from: [commit], without: [start], options: ['--merges'] })).length > 0) {
    const because = `Commits of the agent's link to repositories that .gitmodules does not name: ${listed(links)}`;
    throw new Refusal(`${because}. Nothing was pushed.`);
  }
  const { stdout } = await ask(checkout, ['rev-parse', `${commit}^{tree}`, `${start}^{tree}`]);
  const [tree = '', before] = stdout.split('\n');
  return tree === before ? start : commitTree(checkout.view, tree, [start], message);
}

async function mustHoldNoMarks(checkout: Checkout, commit: string, known: Conflicts): Promise<void> {
  const conflicts: Conflicts = new Map(known);
  for (const [ours, theirs] of (await mergesOf(checkout, commit)).slice(0, MERGES)) {
    for (const [name, stages] of (await mergeOf(checkout, ours, theirs)).conflicts) conflicts.set(name, stages);
  }
  const marked = await marksLeft(checkout, commit, conflicts);
  if (marked.length > 0) throw new Refusal(`Conflicts are left in ${listed(marked)}: git's marks are still there.`);
}

const notesOf = ({ takenIn, worktrees }: Snapshot): string[] => [
  ...(takenIn.length > 0
    ? [`Nested repositories became plain files of the change: ${listed(takenIn.map(({ name }) => name))}.`]
    : []),
  ...(worktrees.length > 0 ? [`Worktrees are not part of the change: ${listed(worktrees)}.`] : []),
];
