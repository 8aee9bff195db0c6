import { actions, ALWAYS_AVAILABLE, type ActionName } from '../../../workflows/contracts/messages.ts';
import type { ActionEntry, RunAnswer } from '../../../workflows/contracts/reading.ts';
import { change, ready, wish } from '../builders.ts';
import { NotedRows } from '../rows.ts';
import { Cluster, type Execution } from '../sandbox.ts';
import { startRun } from '../world.ts';
import { Branch } from './branch.ts';
import type { Dice } from './dice.ts';
import { Keeper } from './keeper.ts';
import { fieldsOf } from './inputs.ts';

export const POLICY = { conflictAttempts: 2, ciAttempts: 3, companionAttempts: 2, fixAttempts: 3 };
type Step = { kind: string } & Record<string, unknown>;

/** Activities that only read: they need no answer once they are cancelled. */
const LOOKS = new Set([
  'runJob',
  'settledChecks',
  'settledMergeability',
  'environmentSettled',
  'changeMoved',
  'environmentEnded',
  'holderClosed',
  'lookAtChange',
  'withinBudget',
  'agentAvailable',
  'releaseSettled',
]);
/** Activities that end only because something else happens. */
const SILENT = ['holderClosed', 'environmentEnded', 'changeMoved'];

/** Plays random people and a random world around one run, and checks the invariants after every turn. */
export class Walk {
  readonly trail: string[] = [];
  readonly broken = new Set<string>();
  readonly branch = new Branch();
  readonly logged = new Set<string>();
  readonly cluster: Cluster;
  readonly keeper: Keeper;
  private readonly rows: NotedRows;
  restarted = false;
  moved = 0;
  private together = false;
  run!: Execution;
  private sent = 0;
  private visits = new Map<string, number>();

  constructor(
    readonly dice: Dice,
    readonly steps: Step[],
  ) {
    const { branch } = this;
    this.cluster = new Cluster({
      examine: () => ({ ...ready, rows: true }),
      lookAtChange: ({ known }) => ({ ...branch.look(known), baseHead: change.basis }),
      lookAtEnvironment: ({ workflowId }) => this.cluster.executions.get(workflowId)?.query('environment'),
      protectedPaths: () => [],
      fileIssue: () => ({ is: 'filed', id: 'ISSUE-1' }),
      stopJob: ({ key }) => void this.keeper.atWork.delete(key),
      keepText: () => 'hash',
      loadText: () => null,
      ...Object.fromEntries(
        ['notify', 'cancelRun', 'endChecks', 'tellIssues', 'startDependents', 'noteRun'].map((name) => [
          name,
          () => undefined,
        ]),
      ),
    });
    this.rows = new NotedRows(this.cluster);
    this.keeper = new Keeper(this);
  }

  must(hold: boolean, otherwise: string): void {
    if (!hold) this.broken.add(otherwise);
  }

  async play(): Promise<void> {
    this.run = await startRun(this.cluster, { ...wish(...this.steps), policy: POLICY });
    for (let turn = 0; turn < 150 && !this.run.closed; turn += 1) await this.turn();
    if (!this.run.closed) {
      this.trail.push('CANCEL');
      await this.run.cancel();
    }
    for (let turn = 0; turn < 150 && this.open(); turn += 1) await this.end();
    await this.judge();
  }

  private async turn(): Promise<void> {
    await this.look();
    const happen = async () => {
      const waiting = this.answerable();
      if (waiting.length > 0 && this.dice.chance(0.7)) await this.keeper.answer(this.dice.pick(waiting));
      else if (this.dice.chance(0.04)) this.somebodyCommits();
      else if (this.dice.chance(0.06)) await this.aNewBuildAsks();
      else if (this.dice.chance(0.07)) await this.theForgeIsSilent();
      else if (this.dice.chance(0.05)) await this.cluster.advance(this.dice.pick([1_000, 10_000, 8_000_000]));
      else await this.act();
    };
    this.together = this.dice.chance(0.25);
    await this.cluster.concurrently(...(this.together ? [happen, happen] : [happen]));
  }

  /** Answers every open call until everything has ended, including the release watch. */
  private async end(): Promise<void> {
    await this.look();
    const waiting = this.answerable();
    const watch = this.cluster.executions.get('release/default/PAY-142');
    if (waiting.length > 0) await this.cluster.concurrently(() => this.keeper.answer(this.dice.pick(waiting)));
    else if (watch && !watch.closed) await watch.signal(this.dice.pick(['acknowledge', 'resume']), {});
    else await this.cluster.advance(120_000);
    if (this.dice.chance(0.1) && !this.run.closed) await this.act();
  }

  private open = () =>
    !this.run.closed || [...this.cluster.executions.values()].some((each) => !each.closed) || this.keeper.live.size > 0;

  private answerable = () =>
    [...this.cluster.calls].filter(
      ({ name, cancelRequested }) => !(cancelRequested && LOOKS.has(name)) && !SILENT.includes(name),
    );

  /** Checks what must hold at any moment. */
  private async look(): Promise<void> {
    this.keeper.look();
    if (this.run.closed) return;
    const run: RunAnswer = await this.run.query('run');
    const { status, waitingOn, current, notices } = run;
    this.must(waitingOn.what !== 'nothing', `a live run waits on nothing (${status})`);
    this.must(
      this.wakes(run),
      `nothing can end the wait for ${waitingOn.what} (${status}, ${current?.phase ?? 'none'})`,
    );
    this.compareRow(run);
    if (waitingOn.what === 'person') this.must(waitingOn.offers.length > 2, `nothing on offer while ${status}`);
    if (status !== 'parked') return;
    const visit = current?.visit;
    this.must(visit !== undefined, 'parked without a visit');
    if (visit === undefined) return;
    const told = waitingOn.what === 'forge' || notices.some((each) => each.visit === visit);
    this.must(told, `parked at ${visit} without a notice`);
    const [id = '', k] = visit.split('#');
    this.must(Number(k) >= (this.visits.get(id) ?? 0), `the visit went back: ${visit}`);
    this.visits.set(id, Number(k));
  }

  /** The row says what the run says, at every quiet moment. */
  private compareRow(run: RunAnswer): void {
    const row = this.rows.rows.get(run.workflowId);
    const said = (one: Pick<RunAnswer, 'status' | 'waitingOn' | 'usage' | 'environment'> | undefined) =>
      one && JSON.stringify([one.status, one.waitingOn, one.usage, one.environment]);
    const where = (one: { step: number; phase: string; visit?: string | undefined } | null | undefined) =>
      one && `${one.step} ${one.phase} ${one.visit}`;
    const [written, shown] = [said(row as typeof run | undefined), said(run)];
    this.must(written === shown, `the row is behind: ${written} instead of ${shown}`);
    this.must(
      where(row?.current) === where(run.current),
      `the row is at ${where(row?.current)}, not ${where(run.current)}`,
    );
  }

  /** Whether something is underway that can end the wait that the run shows. */
  private wakes({ waitingOn, status }: RunAnswer): boolean {
    const asked = (...names: string[]) =>
      [...this.cluster.calls].some((call) => names.includes(call.name) && call.workflowId === this.run.workflowId);
    switch (waitingOn.what) {
      case 'person':
        return status === 'parked' || status === 'paused' || asked('settledChecks');
      case 'agent':
        return asked('runJob', 'stopJob', 'agentAvailable') || status === 'paused';
      case 'checks':
        return asked('settledChecks') || this.run.timers().length > 0;
      case 'environment':
        return asked('environmentSettled') || this.run.timers().length > 0 || this.cluster.calls.size > 0;
      case 'budget':
        return asked('withinBudget');
      default:
        return this.cluster.calls.size > 0 || this.run.timers().length > 0;
    }
  }

  /**
   * Sends upgrade signals to the run and some of its other workflows. If nothing else happens, the run must look the
   * same.
   */
  private async aNewBuildAsks(): Promise<void> {
    this.trail.push('a new build asks');
    const [before, executions] = [await this.askedNow(), this.run.handed.length];
    for (const each of this.cluster.executions.values()) {
      if (!each.closed && (each === this.run || this.dice.chance(0.7))) void each.signal('_upgrade', {});
    }
    await this.cluster.settle();
    if (this.run.handed.length === executions || this.together) return;
    this.moved += 1;
    this.must(!before || before === (await this.askedNow()), 'an upgrade changed what people see');
  }

  /** What a person sees while the run is parked. Undefined otherwise. */
  private async askedNow(): Promise<string | undefined> {
    const { status, current, notices, visits, environment }: RunAnswer = await this.run.query('run');
    const shown = [current, notices, visits, environment, await this.run.query('actions')];
    return status === 'parked' ? JSON.stringify(shown) : undefined;
  }

  /** The forge gives no answer to a call, or gives one again. */
  private async theForgeIsSilent(): Promise<void> {
    const calls = [...this.cluster.calls].filter(({ workflowId }) => workflowId === this.run.workflowId);
    if (calls.length === 0) return;
    const activity = this.dice.pick(calls).name;
    const failures = this.dice.pick([0, 1, 10]);
    this.trail.push(`${activity} ${failures > 0 ? 'has no answer' : 'is answered'}`);
    const since = new Date(this.cluster.now).toISOString();
    await this.run.signal('_retrying', { activity, failures, since, message: 'The forge answers 503.', forge: true });
  }

  private somebodyCommits(): void {
    if (this.branch.head === undefined) return;
    this.trail.push('foreign commit');
    this.branch.commit(false);
    for (const call of this.cluster.calls) {
      if (call.name !== 'changeMoved' || call.cancelRequested) continue;
      call.complete({ ...this.branch.look(call.args[0].known), baseHead: change.basis });
    }
  }

  /**
   * Acts by signal or by update: mostly what is offered; now and then anything, an earlier action id, or the first
   * visit.
   */
  private async act(): Promise<void> {
    const { dice } = this;
    const name = await this.choice();
    const again = this.sent > 0 && dice.chance(0.1);
    const actionId = again ? `a-${1 + Math.floor(this.sent / 2)}` : `a-${(this.sent += 1)}`;
    const input = {
      actionId,
      ...(dice.chance(0.1) && { visit: '3-human-test#1' }),
      ...fieldsOf(dice, name, (await this.run.query('run')).current),
    };
    if (dice.chance(0.5)) {
      this.trail.push(`${name}(${actionId})`);
      this.logged.add(actionId);
      await this.run.signal(name, input);
    } else {
      const { ok } = await this.run.update(name, input);
      this.trail.push(`${name}(${actionId})${ok ? '' : ' refused'}`);
      if (ok) this.logged.add(actionId);
    }
    if (name === 'restartFrom') this.restarted = true;
  }

  private async choice(): Promise<ActionName> {
    const { dice } = this;
    if (dice.chance(0.01)) return 'stop';
    if (dice.chance(0.02)) return 'restartFrom';
    const { offers } = await this.run.query('waitingOn');
    const own = offers.filter((offer: ActionName) => !ALWAYS_AVAILABLE.some((each) => each === offer));
    if (own.length > 0 && dice.chance(0.85)) return dice.pick(own);
    return dice.pick(
      (Object.keys(actions) as ActionName[]).filter((each) => each !== 'stop' && each !== 'restartFrom'),
    );
  }

  private async judge(): Promise<void> {
    const log: ActionEntry[] = await this.run.query('actions');
    const run: RunAnswer = await this.run.query('run');
    const closed = this.run.closed;
    this.must(closed !== undefined, 'never closed');
    this.keeper.judge(run, log);
    const row = this.rows.rows.get(run.workflowId);
    this.must(
      row?.end !== undefined && row.status === run.status,
      `ended as ${run.status}, and its row as ${row?.status}`,
    );
    const audit = [...this.rows.actions.values()].map(({ actionId }) => actionId);
    this.must(
      log.every(({ actionId }) => audit.includes(actionId)),
      'an action is missing in the audit log',
    );
    const stop = log.findIndex(({ verdict, action }) => verdict === 'taken' && action === 'stop');
    // A merge that was under way counts, also when it takes effect after the stop.
    const merged = closed !== undefined && 'result' in closed && closed.result.outcome === 'merged';
    this.must(stop < 0 || merged || (closed !== undefined && 'cancelled' in closed), 'stopped, yet not cancelled');
    const afterwards = log.slice(stop < 0 ? log.length : stop + 1);
    this.must(
      afterwards.every(({ verdict }) => verdict === 'refused'),
      'taken after the stop',
    );
    this.must(
      log.every(({ actionId }) => this.logged.has(actionId)),
      'logged what was refused as an update',
    );
    if (closed && 'failure' in closed) {
      const { type, message } = closed.failure;
      this.must(type !== undefined && type !== 'unexpected', `failed as ${type}: ${message}`);
    }
    if (closed && 'result' in closed) {
      this.must(['merged', 'ready', 'completed'].includes(closed.result.outcome), `ended as ${closed.result.outcome}`);
      const open = log.filter(({ verdict, effect }) => verdict === 'taken' && effect === undefined);
      this.must(
        open.length === 0,
        `taken without an effect: ${open.map(({ action, actionId }) => `${action}(${actionId})`).join()}`,
      );
    }
  }
}
