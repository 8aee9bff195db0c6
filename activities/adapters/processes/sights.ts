import type { State } from '../state/state.ts';
import { idOf } from './exclusive.ts';
import { HeldElsewhere, HolderSilent } from './holders.ts';

/** How soon another worker is asked that has not said yet whether it has a repository, in milliseconds. */
const OTHERS_MS = 500;
/**
 * How long others that are there may take to say whether they have it, in milliseconds. They may serve another task queue, and
 * never be asked.
 */
const ASKED_MS = 30_000;
/** How long a worker's word that it does not have a repository counts, in milliseconds. */
const BLIND_MS = 60_000;
/** How often a worker says again that it has a repository, in milliseconds. */
const AGAIN_MS = 3_600_000;

/** Which workers find the repositories that are given by paths. A path means the same repository wherever it exists. */
export class Sights {
  private readonly reported = new Map<string, number>();
  /** Since when others are asked for a repository, in milliseconds since 1970. */
  private readonly asking = new Map<string, number>();

  constructor(
    private readonly root: string,
    private readonly state: Pick<State, 'query' | 'now' | 'runners'>,
  ) {}

  /** This worker has the repository. */
  async seen(repository: string): Promise<void> {
    const reported = this.reported.get(repository);
    if (!this.state.runners.limits || (reported !== undefined && Date.now() - reported < AGAIN_MS)) return;
    await this.tell(repository, 1);
    this.reported.set(repository, Date.now());
    this.asking.delete(repository);
  }

  /**
   * This worker does not have the repository. Throws `HeldElsewhere` if another one does, and `HolderSilent` if another one
   * may. Returns the machines that had it and are not there now, if nobody has it.
   */
  async missing(repository: string): Promise<string[]> {
    const { limits } = this.state.runners;
    if (!limits) return [];
    this.reported.delete(repository);
    await this.tell(repository, 0);
    const own = await idOf(this.root);
    const others = (await this.others(repository)).filter(({ runner }) => runner !== own);
    const there = others.filter((each) => each.draining_since === null && each.now - each.seen_at < limits.silentMs);
    const seeing = there.find(({ seen }) => seen === 1);
    if (seeing) throw new HeldElsewhere(seeing.runner, 'repository');
    const since = this.asking.get(repository) ?? Date.now();
    const silent = there.some(({ at, seen, now }) => seen === null || now - (at ?? 0) > BLIND_MS);
    if (silent && Date.now() - since < ASKED_MS) {
      this.asking.set(repository, since);
      throw new HolderSilent(`This worker does not have ${repository}, so another one is asked.`, OTHERS_MS);
    }
    return [...new Set(others.flatMap(({ machine, seen }) => (seen === 1 ? [machine] : [])))];
  }

  private others(repository: string) {
    return this.state.query((db) =>
      db
        .selectFrom('runners')
        .leftJoin('sights', (join) =>
          join.onRef('sights.runner', '=', 'runners.runner').on('sights.repository', '=', repository),
        )
        .select(['runners.runner', 'machine', 'seen_at', 'draining_since', 'sights.seen', 'sights.at'])
        .select(this.state.now.as('now'))
        .orderBy('seen_at', 'desc')
        .execute(),
    );
  }

  private async tell(repository: string, seen: number): Promise<void> {
    const values = { seen, at: this.state.now };
    const row = { runner: await idOf(this.root), repository, ...values };
    await this.state.query((db) =>
      db
        .insertInto('sights')
        .values(row)
        .onConflict((conflict) => conflict.columns(['repository', 'runner']).doUpdateSet(values))
        .execute(),
    );
  }
}
