import type { HintAbout, HumanAction } from '../contracts/messages.ts';
import type { RunState } from '../contracts/run/state.ts';
import type { Mailbox } from '../step/scope.ts';

/** What people and other workflows have sent to the run, until a step takes it. */
export class RunMailbox implements Mailbox {
  readonly hints: Record<HintAbout, number> = { checks: 0, change: 0, environment: 0, job: 0 };
  readonly environment = { reports: 0, ends: 0 };
  action: HumanAction | undefined;
  private immediate: ((action: HumanAction) => boolean) | undefined;
  /** The log entry of the action whose effect is under way. */
  private openEffect: string | undefined;

  constructor(private readonly state: RunState) {}

  expect(immediate?: (action: HumanAction) => boolean): void {
    this.action = undefined;
    this.immediate = immediate;
  }

  close(): void {
    this.action = undefined;
    this.immediate = undefined;
  }

  /** Counts a hint. A hint about the environment counts as one of its reports. */
  hint(about: HintAbout): void {
    this.hints[about] += 1;
    if (about === 'environment') this.environment.reports += 1;
  }

  /** Counts a report of the environment. It takes any input, and never throws. */
  environmentReported(report: unknown): void {
    this.environment.reports += 1;
    const { status } = (report ?? {}) as { status?: unknown };
    if (status === 'gone' || status === 'failed') this.environment.ends += 1;
  }

  /** Handles an action at once, if the waiting step can. */
  handledAtOnce = (action: HumanAction): boolean => this.immediate?.(action) ?? false;

  /** Leaves an action for the waiting step, and settles the effect of the action before it. */
  deliver(action: HumanAction, actionId: string): void {
    this.settleEffect('done');
    this.action = action;
    this.openEffect = actionId;
  }

  settleEffect(effect: 'done' | 'failed'): void {
    const entry = this.state.actions.findLast(
      ({ actionId, verdict }) => actionId === this.openEffect && verdict === 'taken',
    );
    if (entry) entry.effect ??= effect;
    if (effect === 'done') this.openEffect = undefined;
  }
}
