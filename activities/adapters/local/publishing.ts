import type { ForeignCommit } from '../../../workflows/contracts/activities.ts';
import type { Change } from '../../../workflows/contracts/change.ts';
import type { Ledger } from '../../ports.ts';
import { commitOf, commitTree, isAncestor, mergeTree } from '../git/commits.ts';
import { git, type Repository } from '../git/door.ts';
import type { Records } from './records.ts';
import { NOTHING, withPath, type Workshop } from './workshop.ts';

export type Published =
  { is: 'published'; head: string; foreign: ForeignCommit[] } | { is: 'refused'; because: string };

/** How often a branch may move under a push before it is given up for now. */
const TRIES = 10;

/** Brings commits onto work branches: fast-forward only, and foreign commits are merged in, never overwritten. */
export class Publishing {
  constructor(
    private readonly workshop: Workshop,
    private readonly records: Records,
    private readonly ledger?: Ledger,
  ) {}

  /**
   * Publishes a commit of our copy that descends from `before`, the head it was made on. One that is there already is
   * fine: so a push whose answer was lost is read back.
   */
  async publish(change: Change, commit: string, before: string | undefined): Promise<Published> {
    const place = await withPath(this.workshop, change);
    let next = commit;
    for (let turn = 0; turn < TRIES; turn += 1) {
      const copy = { gitDir: await this.workshop.fetch(change.repository) };
      const head = await this.workshop.headOf(change.repository, change.branch);
      const foreign = head ? await this.foreignSince(change, before ?? (await baseOf(copy, change)), head) : [];
      if (head && (await isAncestor(copy, next, head))) return { is: 'published', head, foreign };
      if (!head && before) return { is: 'refused', because: `The branch ${change.branch} was deleted meanwhile.` };

      if (head && !(await isAncestor(copy, head, next))) {
        const merged = await mergeTree(copy, next, head);
        if (merged.is === 'conflicted') {
          const because = `Commits by others came in meanwhile, and conflict in ${merged.files.join(', ')}.`;
          return { is: 'refused', because };
        }
        next = await commitTree(copy, merged.tree, [next, head], `Merge what came in on ${change.branch}`);
      }
      const own = await git(copy, ['rev-list', next, '--not', '--remotes']);
      const ours = own.stdout.split('\n').filter(Boolean);
      await this.records.change(place, (record) => ({
        ...record,
        ours: [...new Set([...record.ours, ...ours])],
        ahead: next,
      }));
      if (await this.workshop.move(change.repository, change.branch, next, head ?? NOTHING)) {
        const key = `${change.repository} ${change.branch}`;
        this.ledger?.note({ effect: 'branch-pushed', key, ...(head && { from: head }), to: next });
        return { is: 'published', head: next, foreign };
      }
    }
    throw new Error(`${change.branch} moved ${TRIES} times while we pushed.`);
  }

  /** Commits between two heads that are neither ours nor the base's. A known head that is gone hides nothing. */
  async foreignSince(change: Change, known: string | undefined, head: string): Promise<ForeignCommit[]> {
    if (known === head) return [];
    const copy = { gitDir: await this.workshop.fetch(change.repository) };
    const base = await baseOf(copy, change);
    const there = known !== undefined && (await commitOf(copy, known)) !== undefined;
    const without = [...(there ? [known] : []), ...(base ? [base] : []), change.basis];
    const format = '--format=%H%x1f%an%x1f%ae';
    const { stdout } = await git(copy, ['log', format, '--reverse', head, '--not', ...without]);
    const { ours } = await this.records.read(await withPath(this.workshop, change));
    const mine = new Set(ours);
    const foreign = parse(stdout).filter(({ commit }) => !mine.has(commit));
    if (foreign.length > 0 || !there || (await isAncestor(copy, known, head))) return foreign;
    // Somebody set the branch back: nothing is new, and yet it is not what it was.
    return parse((await git(copy, ['log', format, '-1', head])).stdout);
  }
}

const parse = (log: string): ForeignCommit[] =>
  log.split('\n').flatMap((line) => {
    const [commit = '', author = '', email = ''] = line.split('\x1f');
    return commit === '' ? [] : [{ commit, author, email }];
  });

/** The base branch's head, as our copy has it. */
const baseOf = (copy: Repository, { base }: Change): Promise<string | undefined> =>
  commitOf(copy, `refs/remotes/origin/${base}`);
