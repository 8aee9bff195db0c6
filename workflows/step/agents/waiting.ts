import { CancellationScope, sleep } from '@temporalio/workflow';
import type { Job, Unavailable } from '../../contracts/activities.ts';
import type { GateView, StepRecord } from '../../contracts/run/state.ts';
import { inBackground } from '../../temporal/background.ts';
import { agentLongUnavailable, agentUnavailable } from '../../words/agents.ts';
import { agentUnavailableTimer, urgentTimer } from '../../words/views/timers.ts';
import { pollUntilAnswered } from '../polls.ts';
import type { StepScope } from '../scope.ts';
import { transition } from '../transition.ts';

/** People are notified after this long, and the notice becomes urgent after this long, in milliseconds. */
const NOTICE_MS = 10 * 60_000;
const URGENT_MS = 24 * 60 * 60_000;

/**
 * An agent that a step waits for, over all jobs that find it unavailable. Several jobs of a step may wait at once. They have
 * one clock and one notice.
 */
interface Outage {
  readonly since: string;
  /** The id that its notice has as its visit. */
  readonly visit: string;
  readonly clock: CancellationScope;
  /** How many calls of `send` are part of it. */
  parts: number;
  /** How long it lasts, as far as people care, and what they read of it. */
  lasts: 'short' | 'long' | 'very-long';
  shown: { role: string; because: string };
  /** What waits now, by the key of its job. The newest comes last. */
  readonly waits: Map<string, GateView>;
}

const outages = new WeakMap<StepRecord, Outage>();

/** One call of `send`: whether its agent is unavailable, from the first report of that until a job has ended otherwise. */
export class AgentWait {
  private outage: Outage | undefined;
  private unavailable: Unavailable | undefined;
  /** Since when the agent has been unavailable, as its executor reports it. Another time means another outage. */
  private agentSince: string | undefined;

  constructor(
    private readonly scope: StepScope,
    private readonly role: string,
  ) {}

  /** Whether the next job must wait first. */
  get isDue(): boolean {
    return this.unavailable !== undefined;
  }

  /** Records why the agent is not available. The next job waits. */
  begin({ because, until, since }: Unavailable): void {
    this.unavailable = { because, until, since };
    if (since !== this.agentSince) this.end();
    this.agentSince = since;
    if (this.outage) return;
    const { step } = this.scope;
    const outage = outages.get(step) ?? startedOutage(this.scope, { role: this.role, because });
    outage.parts += 1;
    this.outage = outage;
  }

  /** Waits until this job may begin. What is shown of the wait stays up to date. */
  async wait(job: Pick<Job, 'key' | 'role' | 'change'>, shown: GateView): Promise<void> {
    const { run, step, activities } = this.scope;
    const { key, role, change } = job;
    const outage = this.outage!;
    try {
      for (let unavailable = this.unavailable; unavailable;) {
        outage.waits.delete(key);
        outage.waits.set(key, viewOf(role, unavailable, shown, outage.since));
        outage.shown = { role, because: unavailable.because };
        transition(run.state, step, outage.waits.get(key)!);
        notify(this.scope, outage);
        const question = { key, role, change, shown: unavailable };
        unavailable =
          (await pollUntilAnswered(
            () => run.mailbox.hints.job,
            () => activities.agentAvailable(question),
          )) ?? undefined;
      }
      this.unavailable = undefined;
    } finally {
      outage.waits.delete(key);
    }
    if (outage.waits.size === 0) run.notices.clear(outage.visit);
  }

  /** Ends it: a job has ended otherwise. Waits of other jobs of the step are shown again. */
  end(): void {
    const { outage, scope } = this;
    if (!outage) return;
    this.outage = undefined;
    outage.parts -= 1;
    if (outage.parts > 0) return;
    outages.delete(scope.step);
    outage.clock.cancel();
    scope.run.notices.clear(outage.visit);
  }
}

/** Shows what other jobs of the step still wait for, once one of its jobs has ended. */
export function showOtherWaits({ run, step }: StepScope): void {
  const wait = [...(outages.get(step)?.waits.values() ?? [])].at(-1);
  if (wait) transition(run.state, step, wait);
}

const viewOf = (role: string, unavailable: Unavailable, shown: GateView, since: string): GateView => ({
  ...shown,
  detail: agentUnavailable({ role, ...unavailable }),
  because: unavailable.because,
  deadline: undefined,
  nextLook: unavailable.until,
  since,
});

function startedOutage(scope: StepScope, shown: Outage['shown']): Outage {
  const { step } = scope;
  const since = new Date().toISOString();
  const visit = `${step.id}/${since}`;
  const outage: Outage = {
    since,
    visit,
    clock: new CancellationScope(),
    parts: 0,
    lasts: 'short',
    shown,
    waits: new Map(),
  };
  outages.set(step, outage);
  inBackground(outage.clock, async () => {
    await sleep(NOTICE_MS, { summary: agentUnavailableTimer(step.kind) });
    outage.lasts = 'long';
    notify(scope, outage);
    await sleep(URGENT_MS - NOTICE_MS, { summary: urgentTimer(step.kind) });
    outage.lasts = 'very-long';
    notify(scope, outage);
  });
  return outage;
}

/** Notifies people of a long wait. While a job tries the agent, its notice is not open, and is opened again by the next wait. */
function notify({ run, step }: StepScope, { visit, shown, since, lasts, waits }: Outage): void {
  if (lasts === 'short' || waits.size === 0) return;
  run.notices.notify(step, 'agent_unavailable', agentLongUnavailable({ ...shown, since }), visit);
  if (lasts === 'very-long') run.notices.escalate(step, `${visit}/agent_unavailable`);
}
