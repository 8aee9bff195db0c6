import {
  ActivityFailure,
  ApplicationFailure,
  patched,
  sleep,
  TimeoutFailure,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import { HELD_ELSEWHERE, HeldBy, queueOf } from '../contracts/run/elsewhere.ts';
import { askedAgainTimer } from '../words/views/timers.ts';

/** How long a runner may take to begin with a question. After that, any worker is asked, which knows what became of it. */
const START = '20 seconds';

/** Runners that send a question to each other are asked this often at once, and then at this interval. */
const AT_ONCE = 6;
const PAUSE = '30 seconds';

/** What a question may be about. */
interface Question {
  key?: string | undefined;
  repository?: string | undefined;
  change?: { repository: string; branch?: string } | undefined;
  input?: { change?: { repository: string } | undefined } | undefined;
}

/** The activities that run checks, or end them. */
const CHECKS: readonly (keyof Activities)[] = ['settledChecks', 'settledMergeResult', 'endChecks'];

/** Which runners hold what, as far as a workflow has been told. */
export class Whereabouts {
  private readonly known = new Map<string, string>();

  /**
   * Asks any worker, or the runner that is known to hold what the question is about. A worker that knows better says which
   * runner it is. `ask` is given the options that differ.
   */
  async ask(
    name: keyof Activities,
    question: unknown,
    ask: (options: ActivityOptions) => Promise<unknown>,
  ): Promise<unknown> {
    const places = placesOf(name, question);
    for (let asked = 1; ; asked += 1) {
      const place = places.find((each) => this.known.has(each.name))?.name;
      const runner = place && this.known.get(place);
      try {
        return await ask(runner === undefined ? {} : { taskQueue: queueOf(runner), scheduleToStartTimeout: START });
      } catch (failure) {
        const held = heldBy(failure);
        if (held && patched('asks-the-runner')) {
          const about = places.find((each) => each.about === held.about);
          if (!about) throw failure;
          this.known.set(about.name, held.runner);
        } else if (place !== undefined && neverBegan(failure)) {
          this.known.delete(place);
        } else throw failure;
        if (asked >= AT_ONCE) await sleep(PAUSE, { summary: askedAgainTimer(name) });
      }
    }
  }
}

/** Under which names a runner is remembered for a question, the narrowest one first. */
function placesOf(name: keyof Activities, question: unknown): { about: HeldBy['about']; name: string }[] {
  const { key, change, input, ...named } = (typeof question === 'object' && question ? question : {}) as Question;
  const repository = change?.repository ?? input?.change?.repository ?? named.repository;
  return [
    ...(key === undefined ? [] : [{ about: 'key' as const, name: `key ${key}` }]),
    ...(change && CHECKS.includes(name)
      ? [{ about: 'checks' as const, name: `checks ${change.repository} ${change.branch}` }]
      : []),
    ...(repository === undefined ? [] : [{ about: 'repository' as const, name: `repository ${repository}` }]),
  ];
}

function heldBy(failure: unknown): HeldBy | undefined {
  const cause = failure instanceof ActivityFailure ? failure.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== HELD_ELSEWHERE) return undefined;
  return HeldBy.safeParse(cause.details?.[0]).data;
}

/** Whether no worker has taken the question from the runner's queue, so that it has changed nothing since. */
const neverBegan = (failure: unknown): boolean =>
  failure instanceof ActivityFailure &&
  failure.cause instanceof TimeoutFailure &&
  failure.cause.timeoutType === 'SCHEDULE_TO_START';
