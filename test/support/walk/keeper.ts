import type { ActionEntry, RunAnswer } from '../../../workflows/contracts/reading.ts';
import { change } from '../builders.ts';
import type { Call } from '../sandbox.ts';
import { outputOf } from './answers.ts';
import type { Dice } from './dice.ts';
import { POLICY, type Walk } from './walk.ts';

const WRITERS = ['coder', 'mocker', 'playwright', 'documenter', 'fixer', 'ci-fixer', 'conflict-resolver'];

/** What a forge says to a merge that it does not make now. */
const atTheForge = (dice: Dice) =>
  dice.pick([
    { is: 'refused', because: 'dirty' },
    { is: 'behind', because: 'behind main' },
    { is: 'unchecked', because: 'e2e is expected' },
    { is: 'conflicted', files: ['a.txt'] },
    { is: 'waiting', for: 'reviews', because: dice.pick(['1 of 2 reviews', 'bo requests changes']) },
    { is: 'waiting', for: 'queue', because: dice.pick(['position 1', 'position 2']) },
  ]);

/** The world of a walk: answers activities, and keeps its own ledger of what was created. */
export class Keeper {
  /** Environments that are up, running jobs, and how often each environment was removed. */
  readonly live = new Set<string>();
  readonly atWork = new Set<string>();
  private readonly removed = new Map<string, number>();
  private readonly keys = new Set<string>();
  private readonly asked = new Set<Call>();
  private merges = 0;

  constructor(private readonly walk: Walk) {}

  /** Records new jobs, and checks the invariants of jobs and environments. */
  look(): void {
    const { walk } = this;
    for (const call of walk.cluster.calls) {
      if (this.asked.has(call) || call.name !== 'runJob') continue;
      this.asked.add(call);
      const { key } = call.args[0];
      if (this.keys.has(key) && !call.args[0].patient && !this.heldBefore.has(key))
        walk.must(false, `job key used twice: ${key}`);
      this.keys.add(key);
      if (!call.cancelRequested) this.atWork.add(key);
    }
    const steps = new Set([...this.atWork].map((key) => key.split('/').slice(0, -1).join('/')));
    walk.must(steps.size <= 1, `two steps at work: ${[...this.atWork].join()}`);
    walk.must(this.atWork.size <= 2, `too many jobs at once: ${[...this.atWork].join()}`);
    walk.must(this.live.size <= 1, 'two environments at once');
  }

  private readonly heldBefore = new Set<string>();

  async answer(call: Call): Promise<void> {
    const { dice, branch, cluster, trail } = this.walk;
    const question = call.args[0] ?? {};
    trail.push(`${call.name}${question.role ? `:${question.role}` : ''}`);
    switch (call.name) {
      case 'runJob':
        return this.endJob(call);
      case 'withinBudget':
        return call.complete();
      case 'agentAvailable':
        return call.complete(dice.chance(0.6) ? null : this.unavailable());
      case 'provisionEnvironment': {
        if (call.cancelRequested && dice.chance(0.5)) return call.acknowledgeCancel();
        if (dice.chance(0.15)) return call.complete({ is: 'failed', because: 'no room' });
        this.live.add(question.key);
        return call.complete({ is: 'live', url: `http://127.0.0.1/${question.key}` });
      }
      case 'probeEnvironment':
        return call.complete({ is: 'provisioning', because: 'it is slow' });
      case 'removeEnvironment':
        if (dice.chance(0.1)) return call.fail(new Error('not now'));
        this.live.delete(question.key);
        this.removed.set(question.key, 1 + (this.removed.get(question.key) ?? 0));
        return call.complete();
      case 'environmentSettled': {
        const view = await cluster.executions.get(question.workflowId)?.query('environment');
        const closed = cluster.executions.get(question.workflowId)?.closed;
        const known =
          view && view.generation >= question.generation && (view.status !== 'provisioning' || view.because);
        if ((known && view.status !== 'tearing-down') || (view && closed)) call.complete(view);
        return;
      }
      case 'settledChecks': {
        const checks = [{ name: 'test', conclusion: dice.chance(0.25) ? 'failure' : 'success' }];
        const held = [{ name: 'build', url: `https://git.example/${dice.pick([1, 2])}` }];
        const waits = question.held?.length ? dice.pick([{ held: [] }, {}]) : dice.chance(0.1) ? { held } : {};
        return call.complete({ ...branch.look(question.known), checks, none: false, ...waits });
      }
      case 'settledMergeability': {
        const is = branch.head === undefined ? 'nothing' : dice.chance(0.15) ? 'conflicted' : 'mergeable';
        return call.complete({ is, baseHead: change.basis, files: ['a.txt'], ...branch.look(question.known) });
      }
      case 'updateFromBase': {
        const is = dice.pick(['merged', 'current', 'conflict', 'refused'] as const);
        if (is === 'merged') branch.commit(true);
        return call.complete({ is, files: ['a.txt'], because: 'no', ...branch.look(question.known) });
      }
      case 'commitFiles': {
        if (dice.chance(0.1)) return call.complete({ is: 'refused', because: 'in the way' });
        if (dice.chance(0.7)) branch.commit(true);
        return call.complete({ is: 'committed', ...branch.look(question.known) });
      }
      case 'releaseSettled':
        return call.complete({ signals: [{ id: 's', state: dice.pick(['ok', 'alert', 'no_data']) }] });
      case 'merge': {
        if (call.cancelRequested && dice.chance(0.5)) return call.acknowledgeCancel();
        if (question.head !== branch.head)
          return call.complete({ is: 'moved', head: branch.head, baseHead: change.basis });
        if (dice.chance(0.4)) return call.complete(atTheForge(dice));
        this.merges += 1;
        return call.complete({ is: 'merged', mergeCommit: 'm', head: question.head });
      }
      default:
        throw new Error(`Nobody answers ${call.name}`);
    }
  }

  private endJob(call: Call): void {
    const { dice, branch } = this.walk;
    const { key, role, change: known } = call.args[0];
    if (call.cancelRequested) return; // Its run has given up on it, so its report would not be read.
    this.atWork.delete(key);
    if (dice.chance(0.03)) {
      this.heldBefore.add(key);
      return call.complete({ is: 'held', by: dice.pick(['budget', 'forge']), because: 'not now' });
    }
    if (dice.chance(0.04)) {
      if (dice.chance(0.5)) return call.complete({ is: 'notNow', ...this.unavailable() });
      this.heldBefore.add(key);
      return call.complete({ is: 'held', by: 'agent', ...this.unavailable() });
    }
    if (dice.chance(0.04)) return call.complete({ is: 'interrupted', because: 'stopped' });
    if (dice.chance(0.04)) return call.complete({ is: 'evicted', because: 'gone', infrastructure: dice.chance(0.5) });
    if (dice.chance(role === 'fixer' ? 0.2 : 0.01)) return call.complete({ is: 'failed', because: 'no' });
    const changed = WRITERS.includes(role) && dice.chance(0.85);
    if (changed) branch.commit(true);
    const decision = role === 'coder' && dice.chance(0.05) ? { question: 'q?', options: ['a', 'b'] } : undefined;
    const said = {
      is: 'completed',
      summary: 's',
      output: outputOf(dice, role),
      changed,
      ...(decision && { decision }),
    };
    call.complete({ ...said, ...branch.look(known.head) });
  }

  /** Why an agent cannot work now, sometimes in a new outage. */
  private unavailable() {
    const { dice, cluster } = this.walk;
    const until = new Date(cluster.now + 60_000).toISOString();
    return {
      because: dice.pick(['usage limit', 'overloaded']),
      ...(dice.chance(0.5) && { until }),
      since: dice.pick(['a', 'b']),
    };
  }

  /** Checks the ledger after the run has ended. */
  judge(run: RunAnswer, log: ActionEntry[]): void {
    const { walk } = this;
    const { must } = { must: walk.must.bind(walk) };
    must(this.live.size === 0, `environment left behind: ${[...this.live].join()}`);
    must(
      [...this.removed.values()].every((times) => times === 1),
      'environment torn down twice',
    );
    must(this.atWork.size === 0, `job left behind: ${[...this.atWork].join()}`);
    must(this.merges <= 1, 'merged twice');
    const open = [...walk.cluster.executions].filter(([, { closed }]) => closed === undefined);
    must(open.length === 0, `left open: ${open.map(([id]) => id).join()}`);
    this.judgeBudgets(run, log);

    const { closed } = walk.run;
    if (!closed || !('result' in closed) || closed.result.outcome !== 'merged') return;
    const took = (action: string) => log.some((entry) => entry.verdict === 'taken' && entry.action === action);
    const merger = walk.steps.findIndex(({ kind }) => kind === 'merger');
    const tested = walk.steps.findIndex(({ kind }) => kind === 'human-test');
    must(tested < 0 || tested > merger || took('confirm'), 'merged without a confirmation');
    must(this.merges === 1, 'ended as merged without a merge');
  }

  private judgeBudgets({ steps }: RunAnswer, log: ActionEntry[]): void {
    const { walk } = this;
    const jobs = (kind: string, role: string) =>
      steps
        .filter((step) => step.kind === kind)
        .flatMap(({ attempts }) => attempts.filter((each) => each.role === role && each.outcome === 'completed'))
        .length;
    const taken = (action: string) =>
      log.filter((entry) => entry.verdict === 'taken' && entry.action === action).length;
    walk.must(jobs('human-test', 'fixer') <= taken('requestFix'), 'a fixer without a request');
    if (walk.restarted) return;
    const optionOf = (kind: string, option: string, otherwise: number) =>
      Number(walk.steps.find((step) => step.kind === kind)?.[option] ?? otherwise);
    walk.must(
      jobs('human-test', 'fixer') <= optionOf('human-test', 'fixes', POLICY.fixAttempts),
      'more fixes than allowed',
    );
    walk.must(jobs('tester', 'fixer') <= optionOf('tester', 'fixes', POLICY.fixAttempts), 'more fixes than allowed');
    walk.must(jobs('ci', 'ci-fixer') <= optionOf('ci', 'attempts', POLICY.ciAttempts), 'more ci-fixers than allowed');
  }
}
