import type { Text } from '../contracts/facts.ts';
import type { FailureType, Verdict } from '../contracts/outcome.ts';
import type { Failing } from '../contracts/reports.ts';
import { failed, passed } from '../contracts/outcome.ts';
import type { NoticeType } from '../contracts/notices.ts';
import type { GateView } from '../contracts/run/state.ts';
import { budgetOf, type GateContext, type GateEnd } from './gate.ts';

interface Escalation extends Pick<GateView, 'waitingOn'> {
  /** Checks the change once. Anything but a verdict ends the gate. */
  probe: (view: GateView) => Promise<Verdict | GateEnd>;
  helper: string;
  mode: 'write' | 'resolve';
  brief: (failing: readonly Failing[]) => Text;
  attempts: number;
  detail: Text;
  exhausted: { notice: NoticeType; hint: Text; type?: FailureType };
}

/** How many times in a row a helper may change nothing before its loop is given up. */
const IDLE_ROUNDS = 2;

/** Probes, sends the helper on a failing verdict, and probes again: as often as allowed, and while that changes anything. */
export async function escalate(ctx: GateContext, plan: Escalation): Promise<GateEnd> {
  const { helper, attempts, waitingOn, exhausted } = plan;
  const budget = budgetOf(ctx.step, helper, attempts);
  let before: string | undefined;
  let idle = 0;
  let failing: Failing[] | undefined;

  const giveUp = (reason: Text, type: FailureType, detail?: string) => {
    ctx.notice(exhausted.notice, reason);
    return failed(type, reason, { hint: exhausted.hint, detail });
  };

  for (let lastReport: string | undefined; ;) {
    const verdict = await plan.probe({
      phase: 'probing',
      waitingOn,
      detail: plan.detail,
      ...budget.shown(),
      failing,
    });
    if ('is' in verdict) return verdict;
    if (verdict.pass) return passed(verdict.note);

    failing = [...verdict.failing];
    const found = [verdict.head, ...failing.map(({ name }) => name).toSorted()].join('\n');
    idle = found === before ? idle + 1 : 0;
    before = found;
    if (idle === IDLE_ROUNDS) {
      const reason: Text = { fact: 'helperChangesNothing', reason: verdict.reason, helper, times: idle };
      return giveUp(reason, 'job_failed', lastReport);
    }
    const type = exhausted.type ?? 'job_failed';
    if (ctx.head() === undefined) return giveUp({ fact: 'noBranchToFix', reason: verdict.reason }, type);
    if (!budget.left())
      return giveUp({ fact: 'attemptsUsedUp', reason: verdict.reason, helper, attempts }, type, lastReport);

    budget.spend();
    const work = { mode: plan.mode, brief: plan.brief(failing) };
    const end = await ctx.send(helper, work, { ...budget.shown(), failing, because: verdict.reason });
    lastReport = end.is === 'failed' ? end.because : end.summary;
  }
}
