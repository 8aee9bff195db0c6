import type { Failing, FailureType, Verdict } from '../contracts/outcome.ts';
import { failed, passed } from '../contracts/outcome.ts';
import type { NoticeType } from '../contracts/notices.ts';
import type { GateView } from '../contracts/state.ts';
import { budgetOf, type GateContext, type GateEnd } from './gate.ts';

interface Escalation extends Pick<GateView, 'waitingOn'> {
  /** One look. What is no verdict on the change ends the gate. */
  probe: (view: GateView) => Promise<Verdict | GateEnd>;
  helper: string;
  mode: 'write' | 'resolve';
  brief: (failing: readonly Failing[]) => string;
  attempts: number;
  detail: string;
  exhausted: { notice: NoticeType; hint: string; type?: FailureType };
}

/** How often in a row a helper may leave everything as it was before its loop is given up (contract 10). */
const IDLE_ROUNDS = 2;

/** Probes; sends the helper on a failing verdict; probes again: as often as allowed, and while that changes anything. */
export async function escalate(ctx: GateContext, plan: Escalation): Promise<GateEnd> {
  const { helper, attempts, waitingOn, exhausted } = plan;
  const budget = budgetOf(ctx.step, helper, attempts);
  let before: string | undefined;
  let idle = 0;
  let failing: Failing[] | undefined;

  const giveUp = (reason: string, type: FailureType, detail?: string) => {
    ctx.notice(exhausted.notice, reason);
    return failed(type, reason, { hint: exhausted.hint, detail });
  };

  for (let lastWords: string | undefined; ;) {
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
      const idly = `Nothing changed: ${helper} left it as it was, ${idle} times in a row.`;
      return giveUp(`${verdict.reason} ${idly}`, 'job_failed', lastWords);
    }
    const type = exhausted.type ?? 'job_failed';
    if (ctx.head() === undefined) return giveUp(`${verdict.reason} There is no work branch to mend it on.`, type);
    if (!budget.left()) return giveUp(`${verdict.reason} ${helper} has had its ${attempts} attempts.`, type, lastWords);

    budget.spend();
    const work = { mode: plan.mode, brief: plan.brief(failing) };
    const end = await ctx.send(helper, work, { ...budget.shown(), failing, because: verdict.reason });
    lastWords = end.is === 'failed' ? end.because : end.summary;
  }
}
