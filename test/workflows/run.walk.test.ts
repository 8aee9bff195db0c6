import { jest } from '@jest/globals';
import type { ActionName } from '../../workflows/contracts/messages.ts';
import type { ActionEntry } from '../../workflows/contracts/reading.ts';
import { change, ready, wish } from '../support/builders.ts';
import { Cluster, type Call, type Execution } from '../support/sandbox.ts';
import { startRun } from '../support/world.ts';

jest.setTimeout(590_000);

/** A small seeded generator, so that a failing walk can be walked again. */
function dice(seed: number) {
  let x = seed + 1;
  const next = () => ((x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 8) / 2 ** 24;
  return {
    chance: (p: number) => next() < p,
    pick: <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!,
  };
}
type Dice = ReturnType<typeof dice>;

const FIXES = 3;
const POLICY = { conflictAttempts: 2, ciAttempts: 3, companionAttempts: 2, fixAttempts: FIXES };
const KINDS = ['coder', 'reviewer', 'human-test', 'conflicts', 'ci', 'merger'];
const ACTIONS: readonly ActionName[] = [
  'confirm',
  'confirm',
  'requestFix',
  'requestFix',
  'pullMain',
  'recreateEnvironment',
  'destroyEnvironment',
  'resolveCap',
  'merge',
  'reject',
  'pause',
  'resume',
  'resume',
];

/** The branch as it really is: who made which commit, and what the run may learn of it. */
class Branch {
  readonly commits: { id: string; ours: boolean }[] = [];

  get head() {
    return this.commits.at(-1)?.id;
  }
  commit(ours: boolean): string {
    const id = String(this.commits.length + 1).padStart(40, ours ? '0' : 'f');
    this.commits.push({ id, ours });
    return id;
  }
  foreignSince(known: string | undefined) {
    const from = this.commits.findIndex(({ id }) => id === known) + 1;
    return this.commits
      .slice(from)
      .filter(({ ours }) => !ours)
      .map(({ id }) => ({ commit: id, author: 'Bo', email: 'bo@shop.example' }));
  }
  look(known: string | undefined) {
    return { head: this.head, foreign: this.foreignSince(known), state: 'open' as const };
  }
}

class Walk {
  readonly trail: string[] = [];
  readonly broken = new Set<string>();
  readonly branch = new Branch();
  private readonly live = new Set<string>();
  private readonly removed = new Map<string, number>();
  private readonly keys: string[] = [];
  private readonly atWork = new Set<string>();
  private readonly logged = new Set<string>();
  private readonly asked = new Set<Call>();
  private restarted = false;
  private sent = 0;
  private cluster!: Cluster;
  private run!: Execution;

  constructor(private readonly dice: Dice) {}

  must(hold: boolean, otherwise: string): void {
    if (!hold) this.broken.add(otherwise);
  }

  async play(): Promise<void> {
    const { branch } = this;
    this.cluster = new Cluster({
      examine: () => ready,
      notify: () => undefined,
      keepText: () => 'hash',
      cancelRun: () => undefined,
      endChecks: () => undefined,
      tellIssues: () => undefined,
      lookAtChange: ({ known }) => ({ ...branch.look(known), baseHead: change.basis }),
      lookAtEnvironment: ({ workflowId }) => this.cluster.executions.get(workflowId)?.query('environment'),
      protectedPaths: () => [],
      stopJob: ({ key }) => void this.atWork.delete(key),
    });
    const steps = KINDS.map((kind) => ({ kind, ...(kind === 'human-test' && { fixes: FIXES }) }));
    this.run = await startRun(this.cluster, { ...wish(...steps), policy: POLICY });

    for (let turn = 0; turn < 60 && !this.run.closed; turn += 1) await this.turn();
    if (!this.run.closed) {
      this.trail.push('CANCEL');
      await this.run.cancel();
    }
    for (let turn = 0; turn < 120 && this.open(); turn += 1) await this.end();
    await this.judge();
  }

  private async turn(): Promise<void> {
    await this.look();
    const happen = async () => {
      const waiting = this.answerable();
      if (waiting.length > 0 && this.dice.chance(0.7)) await this.answer(this.dice.pick(waiting));
      else if (this.dice.chance(0.06)) this.somebodyCommits();
      else if (this.dice.chance(0.05)) await this.cluster.advance(this.dice.pick([1_000, 10_000, 8_000_000]));
      else await this.act();
    };
    await this.cluster.together(...(this.dice.chance(0.25) ? [happen, happen] : [happen]));
  }

  /** The end of the story: whatever is still asked is answered, and what is made is looked after. */
  private async end(): Promise<void> {
    await this.look();
    const waiting = this.answerable();
    if (waiting.length > 0) await this.cluster.together(() => this.answer(this.dice.pick(waiting)));
    else await this.cluster.advance(120_000);
    if (this.dice.chance(0.1) && !this.run.closed) await this.act();
  }

  private open = () =>
    !this.run.closed || [...this.cluster.executions.values()].some((each) => !each.closed) || this.live.size > 0;

  /** What the world has come to be asked, and what must hold at any moment. */
  private async look(): Promise<void> {
    for (const call of this.cluster.calls) {
      if (this.asked.has(call)) continue;
      this.asked.add(call);
      if (call.name === 'runJob') {
        this.must(this.atWork.size === 0, `two jobs at once: ${[...this.atWork].join()}, ${call.args[0].key}`);
        this.must(!this.keys.includes(call.args[0].key), `job key used twice: ${call.args[0].key}`);
        this.keys.push(call.args[0].key);
        if (!call.cancelRequested) this.atWork.add(call.args[0].key);
      }
    }
    this.must(this.live.size <= 1, 'two environments at once');
    if (this.run.closed) return;
    const { status, waitingOn, current } = await this.run.query('run');
    this.must(waitingOn.what !== 'nothing', `a live run waits on nothing (${status})`);
    if (status === 'parked') this.must(current.visit !== undefined, 'parked without a visit');
    if (waitingOn.what === 'person') this.must(waitingOn.offers.length > 2, `nothing on offer while ${status}`);
  }

  private answerable = () =>
    [...this.cluster.calls].filter(
      ({ name, cancelRequested }) =>
        !(cancelRequested && LOOKS.has(name)) && !['holderClosed', 'environmentEnded', 'changeMoved'].includes(name),
    );

  private async answer(call: Call): Promise<void> {
    const { dice, branch } = this;
    const [question] = call.args;
    this.trail.push(`${call.name}${question.role ? `:${question.role}` : ''}`);
    switch (call.name) {
      case 'runJob':
        return this.endJob(call);
      case 'provisionEnvironment': {
        if (call.cancelRequested && dice.chance(0.5)) return call.acknowledgeCancel();
        if (dice.chance(0.2)) return call.complete({ is: 'failed', because: 'no room' });
        this.live.add(question.key);
        return call.complete({ is: 'live', url: `http://127.0.0.1/${question.key}` });
      }
      case 'removeEnvironment':
        if (dice.chance(0.1)) return call.fail(new Error('not now'));
        this.live.delete(question.key);
        this.removed.set(question.key, 1 + (this.removed.get(question.key) ?? 0));
        return call.complete();
      case 'environmentSettled': {
        const view = await this.cluster.executions.get(question.workflowId)?.query('environment');
        const closed = this.cluster.executions.get(question.workflowId)?.closed;
        const known =
          view && view.generation >= question.generation && (view.status !== 'provisioning' || view.because);
        if ((known && view.status !== 'tearing-down') || (view && closed)) call.complete(view);
        return;
      }
      case 'settledChecks': {
        const checks = [{ name: 'test', conclusion: dice.chance(0.3) ? 'failure' : 'success' }];
        return call.complete({ ...branch.look(question.known), checks, none: false });
      }
      case 'settledMergeability': {
        const is = branch.head === undefined ? 'nothing' : dice.chance(0.2) ? 'conflicted' : 'mergeable';
        return call.complete({ is, baseHead: change.basis, files: ['a.txt'], ...branch.look(question.known) });
      }
      case 'updateFromBase': {
        const is = dice.pick(['merged', 'current', 'conflict', 'refused'] as const);
        if (is === 'merged') branch.commit(true);
        return call.complete({ is, files: ['a.txt'], because: 'no', ...branch.look(question.known) });
      }
      case 'merge': {
        if (question.head !== branch.head)
          return call.complete({ is: 'moved', head: branch.head, baseHead: change.basis });
        if (dice.chance(0.2)) return call.complete({ is: 'refused', because: 'dirty' });
        return call.complete({ is: 'merged', mergeCommit: 'm', head: question.head });
      }
      default:
        throw new Error(`Nobody answers ${call.name}`);
    }
  }

  private endJob(call: Call): void {
    const { dice, branch } = this;
    const { key, role, change: known } = call.args[0];
    if (call.cancelRequested) return; // its run has given it up: what it says is not heard
    this.atWork.delete(key);
    if (dice.chance(0.05)) return call.complete({ is: 'interrupted', because: 'stopped' });
    if (dice.chance(0.05)) return call.complete({ is: 'evicted', because: 'gone', infrastructure: dice.chance(0.5) });
    if (dice.chance(role === 'fixer' ? 0.2 : 0.01)) return call.complete({ is: 'failed', because: 'no' });
    const writes = !['reviewer', 'merger'].includes(role);
    const changed = writes && dice.chance(0.85);
    if (changed) branch.commit(true);
    const output =
      role === 'reviewer'
        ? { rating: dice.pick([0.1, 0.9, 0.9]) }
        : role === 'merger'
          ? { complexity: dice.pick([0.1, 0.9]), risk: 0, impact: 0, rationale: 'r' }
          : undefined;
    call.complete({ is: 'completed', summary: 's', output, changed, ...branch.look(known.head) });
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

  /** Acts by signal or by update; now and then as it did before, or as if it still looked at the first visit. */
  private async act(): Promise<void> {
    const { dice } = this;
    const name = dice.chance(0.02) ? 'stop' : dice.chance(0.04) ? 'restartFrom' : dice.pick(ACTIONS);
    const again = this.sent > 0 && dice.chance(0.15);
    const actionId = again ? `a-${1 + Math.floor(this.sent / 2)}` : `a-${(this.sent += 1)}`;
    const input = {
      actionId,
      ...(dice.chance(0.2) && { visit: '3-human-test#1' }),
      ...(name === 'requestFix' && { findings: dice.chance(0.1) ? ' ' : 'wrong' }),
      ...(name === 'resolveCap' && { choice: dice.pick(['extra-round', 'proceed', 'proceed']) }),
      ...(name === 'restartFrom' && { step: dice.pick([1, 2, 3, 5]) }),
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

  private async judge(): Promise<void> {
    const log: ActionEntry[] = await this.run.query('actions');
    const { steps } = await this.run.query('run');
    const stop = log.findIndex(({ verdict, action }) => verdict === 'taken' && action === 'stop');
    const ids = log.map(({ actionId }) => actionId);

    this.must(this.run.closed !== undefined, 'never closed');
    this.must(
      stop < 0 || (this.run.closed !== undefined && 'cancelled' in this.run.closed),
      'stopped, yet not cancelled',
    );
    this.must(
      log.slice(stop < 0 ? log.length : stop + 1).every(({ verdict }) => verdict === 'refused'),
      'taken after the stop',
    );
    if (this.run.closed && 'failure' in this.run.closed) {
      const { type, message } = this.run.closed.failure;
      this.must(type !== undefined && type !== 'unexpected', `failed as ${type}: ${message}`);
    }
    this.must(this.live.size === 0, `environment left behind: ${[...this.live].join()}`);
    this.must(
      [...this.removed.values()].every((times) => times === 1),
      'environment torn down twice',
    );
    this.must(this.atWork.size === 0, `job left behind: ${[...this.atWork].join()}`);
    this.must(
      [...this.cluster.executions.values()].every(({ closed }) => closed !== undefined),
      'environment workflow left open',
    );
    this.must(
      ids.every((id) => this.logged.has(id)),
      'logged what was refused as an update',
    );

    const jobs = (role: string) =>
      steps.flatMap((step: any) =>
        step.attempts.filter((each: any) => each.role === role && each.outcome === 'completed'),
      );
    const fixes = log.filter(({ verdict, action }) => verdict === 'taken' && action === 'requestFix').length;
    this.must(jobs('fixer').length <= fixes, 'a fixer that nobody asked for');
    if (!this.restarted) {
      this.must(fixes <= FIXES, 'more fixes than there were');
      this.must(jobs('ci-fixer').length <= POLICY.ciAttempts, 'more ci-fixers than there were');
    }
    if (this.run.closed && 'result' in this.run.closed && this.run.closed.result.outcome === 'merged') {
      this.must(
        log.some(({ verdict, action }) => verdict === 'taken' && action === 'confirm'),
        'merged without a confirmation',
      );
      this.must(
        this.run.closed.result.head === this.branch.commits.at(-1)?.id ||
          this.trail.lastIndexOf('foreign commit') > this.trail.lastIndexOf('merge'),
        'merged another head',
      );
    }
  }
}

const LOOKS = new Set([
  'runJob',
  'settledChecks',
  'settledMergeability',
  'environmentSettled',
  'changeMoved',
  'environmentEnded',
  'holderClosed',
  'lookAtChange',
]);

it('keeps its promises, whatever people and the world do', async () => {
  const walks = Number(process.env['WALKS'] ?? 150);
  const first = Number(process.env['SEED'] ?? 0);
  const broken: string[] = [];
  const ends: Record<string, number> = {};
  for (let seed = first; seed < first + walks; seed += 1) {
    const walk = new Walk(dice(seed));
    try {
      await walk.play();
    } catch (failure) {
      walk.broken.add(`threw: ${(failure as Error).message}`);
    }
    const end = walk['run']?.closed ?? { open: true };
    const kind = 'result' in end ? end.result.outcome : 'failure' in end ? end.failure.type : Object.keys(end)[0]!;
    ends[kind] = (ends[kind] ?? 0) + 1;
    if (walk.broken.size > 0) broken.push(`seed ${seed}: ${[...walk.broken].join('; ')}\n    ${walk.trail.join(' ')}`);
  }
  console.log(`${broken.length} of ${walks} walks broke a promise; they ended so: ${JSON.stringify(ends)}`);
  expect(broken).toEqual([]);
});
