import type { ForeignCommit } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Ledger } from '../../../ledger.ts';
import { commitOf, commitTree, isAncestor, mergeTree, NOTHING } from '../commits.ts';
import { bundleOf, type KeepBundle } from './bundles.ts';
import { git, type Repository } from '../door.ts';
import { PushRefused } from '../refusals.ts';
import { withRun } from '../signing.ts';
import { withPath, type GitWorkspace } from '../workspace.ts';
import { writtenIn, type Written } from '../authors.ts';
import type { ChangeStore } from './change-store.ts';

export type Published =
  { is: 'published'; head: string; foreign: ForeignCommit[] } | { is: 'refused'; because: string };

/** How often a branch may move under a push before the push fails for now. */
const TRIES = 10;

/** How many names and e-mails of a branch's authors are reported. */
const MOST_WRITERS = 200;

/** Publishes commits to work branches by fast-forward only. Foreign commits are merged, never overwritten. */
export class Publishing {
  constructor(
    private readonly workspace: GitWorkspace,
    private readonly store: ChangeStore,
    private readonly ledger?: Ledger,
    /** Where commits are kept that a rule of the forge refuses. */
    private readonly keepBundle?: KeepBundle,
  ) {}

  /**
   * Publishes a commit of our copy that descends from `before`, the head on which it was made. A commit that is already on
   * the branch counts as published, so a push whose answer was lost is not repeated.
   */
  async publish(change: Change, commit: string, before: string | undefined): Promise<Published> {
    if (change.fork) return { is: 'refused', because: `It comes from a fork, to which we do not push.` };
    const place = await withPath(this.workspace, change);
    let next = commit;
    for (let turn = 0; turn < TRIES; turn += 1) {
      const copy = { gitDir: await this.workspace.fetch(change.repository) };
      const { head, baseHead } = await this.workspace.headsIn(copy, change);
      const foreign = head ? await this.foreignIn(copy, change, { known: before ?? baseHead, head, baseHead }) : [];
      if (head && (await isAncestor(copy, next, head))) return { is: 'published', head, foreign };
      if (!head && before) return { is: 'refused', because: `The branch ${change.branch} was deleted meanwhile.` };

      if (head && !(await isAncestor(copy, head, next))) {
        const merged = await mergeTree(copy, next, head);
        if (merged.is === 'conflicted') {
          const because = `Commits by others came in meanwhile, and conflict in ${merged.files.join(', ')}.`;
          return { is: 'refused', because };
        }
        const message = await this.signed(change, `Merge remote commits of ${change.branch}`);
        next = await commitTree(copy, merged.tree, [next, head], message);
      }
      const own = await git(copy, ['rev-list', next, '--not', '--branches']);
      const ours = own.stdout.split('\n').filter(Boolean);
      await this.store.own(place, ours);
      const made = head === undefined;
      await this.store.change(place, (record) =>
        record.ahead === next
          ? record
          : { ...record, ahead: next, ...(made && { hosted: { ...record.hosted, made } }) },
      );
      try {
        if (!(await this.workspace.move(change.repository, change.branch, next, head ?? NOTHING))) continue;
      } catch (failure) {
        if (!(failure instanceof PushRefused)) throw failure;
        return { is: 'refused', because: await this.kept(place, copy, { commit: next, baseHead, failure }) };
      }
      const key = `${change.repository} ${change.branch}`;
      this.ledger?.note({ effect: 'branch-pushed', key, ...(head && { from: head }), to: next });
      return { is: 'published', head: next, foreign };
    }
    throw new Error(`${change.branch} moved ${TRIES} times while we pushed.`);
  }

  /** The message of a commit that we make on the change's branch: it names the run that owns the branch. */
  async signed(change: Change, message: string): Promise<string> {
    const { holder } = await this.store.read(await withPath(this.workspace, change));
    return withRun(message, holder?.workflowId);
  }

  /** Keeps commits that the forge refused, and says why and where. */
  private async kept(place: Change, copy: Repository, { commit, baseHead, failure }: Refused): Promise<string> {
    const { repository, branch } = place;
    const bytes = this.keepBundle && (await bundleOf(copy, { branch, base: baseHead, commit }));
    const where = this.keepBundle
      ? bytes
        ? await this.keepBundle({ repository, branch, commit, bytes })
        : `Its commits are too large to be kept.`
      : undefined;
    return [`The forge refuses the push to ${branch}:`, failure.words, where].filter(Boolean).join('\n');
  }

  /**
   * Commits between two heads that are neither ours nor the base's. All such commits of the branch, if the known head is
   * gone.
   */
  async foreignSince(change: Change, known: string | undefined, head: string): Promise<ForeignCommit[]> {
    if (known === head) return [];
    const copy = { gitDir: await this.workspace.fetch(change.repository) };
    const { baseHead } = await this.workspace.headsIn(copy, change);
    return this.foreignIn(copy, change, { known, head, baseHead });
  }

  /** Names and e-mails of everybody except us who wrote commits of the branch that the base does not have. */
  async writersOf(change: Change, head: string): Promise<string[]> {
    const foreign = await this.foreignSince(change, undefined, head);
    const names = foreign.flatMap(({ author, email, others = [] }) => [author, email, ...others]);
    return [...new Set(names)].filter(Boolean).slice(0, MOST_WRITERS);
  }

  private async foreignIn(
    copy: Repository,
    change: Change,
    { known, head, baseHead }: Heads,
  ): Promise<ForeignCommit[]> {
    if (known === head) return [];
    const there = known !== undefined && (await commitOf(copy, known)) !== undefined;
    const basis = (await commitOf(copy, change.basis)) ? [change.basis] : [];
    const without = [...(there ? [known] : []), baseHead, ...basis];
    const written = await writtenIn(copy, ['--reverse', head, '--not', ...without]);
    const commits = written.map(({ commit }) => commit);
    const mine = await this.store.ownAmong(await withPath(this.workspace, change), commits);
    const foreign = written.filter(({ commit }) => !mine.has(commit));
    if (foreign.length > 0 || !there || (await isAncestor(copy, known, head))) return foreign.map(foreignCommit);
    // Somebody has reset the branch: it has changed without a new commit.
    return (await writtenIn(copy, ['-1', head])).map(foreignCommit);
  }
}

interface Refused {
  commit: string;
  baseHead: string;
  failure: PushRefused;
}

interface Heads {
  known: string | undefined;
  head: string;
  baseHead: string;
}

const foreignCommit = ({ others, ...commit }: Written): ForeignCommit => ({
  ...commit,
  ...(others.length > 0 && { others }),
});
