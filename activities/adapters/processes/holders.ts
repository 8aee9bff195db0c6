import type { State } from '../state/state.ts';
import { idOf } from './exclusive.ts';

/** What a question is about: a key of a job or an environment, the checks of a change, or a repository by its path. */
export type About = 'key' | 'checks' | 'repository';

/** Another runner holds it and is there, so the question is for that runner. Nothing was changed. */
export class HeldElsewhere extends Error {
  override readonly name = 'HeldElsewhere';

  constructor(
    readonly runner: string,
    readonly about: About,
  ) {
    super('Another worker has it.');
  }
}

/** Another runner holds it and is not heard of. It may still come back, so this is a transient failure. */
export class HolderSilent extends Error {
  override readonly name = 'HolderSilent';

  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}

/** How soon to ask again about a runner that is not heard of, as a share of the time that it has left. */
const AGAIN = 20;
const AGAIN_MS = { least: 500, most: 10_000 };

/** Who holds a job, a check or an environment, as the runner with this data folder sees it. */
export class Holders {
  constructor(
    private readonly root: string,
    private readonly state: Pick<State, 'runners'>,
  ) {}

  own = (): Promise<string> => idOf(this.root);

  /**
   * Whether this runner holds it, or the one that held it is lost. Throws `HeldElsewhere` or `HolderSilent` if it is with
   * another one.
   */
  async find(runner: string, about: About): Promise<'here' | 'lost'> {
    const standing = runner === (await this.own()) ? undefined : await this.state.runners.standing(runner);
    switch (standing?.is) {
      case undefined:
        return 'here';
      case 'lost':
        return 'lost';
      case 'heard':
        throw new HeldElsewhere(runner, about);
      case 'silent': {
        const { machine, sinceMs, leftMs } = standing;
        const message = `The worker on ${machine} that has it was not heard of for ${inSeconds(sinceMs)}. In ${inSeconds(leftMs)} its work counts as lost.`;
        const { least, most } = AGAIN_MS;
        throw new HolderSilent(message, Math.min(Math.max((sinceMs + leftMs) / AGAIN, least), most));
      }
    }
  }

  /** Whether nobody else can be asked to end it: it is here, or with a runner that ends it by itself. */
  async mayBeEnded(runner: string): Promise<boolean> {
    try {
      await this.find(runner, 'key');
      return true;
    } catch (failure) {
      if (failure instanceof HolderSilent) return true;
      if (failure instanceof HeldElsewhere) return false;
      throw failure;
    }
  }

  /**
   * Throws if this worker has not reached the database for so long that others may have begun anew what it runs. What it began now
   * would be taken for lost as well.
   */
  checkFence(): void {
    if (this.state.runners.isFenced) throw new Error('This worker has not reached the database for too long.');
  }
}

const inSeconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
