import { z } from 'zod';
import type { CheckReport } from '../contracts/activities.ts';
import { judgeChecks } from '../rules/checks.ts';
import { escalate } from './escalate.ts';
import { defineGate, type GateContext } from './gate.ts';

/** Green checks pass; red ones send the ci-fixer. */
export const ci = defineGate({
  kind: 'ci',
  options: z.object({
    /** How many times to send the `ci-fixer`. Default: `ciAttempts` of the policy. */
    attempts: z.number().int().min(0).max(1_000).optional(),
  }),
  roles: ['ci-fixer'],
  uses: ['checks'],
  takes: {},

  run(ctx) {
    return escalate(ctx, {
      probe: async (view) => judged(ctx, await ctx.checks(view)),
      helper: 'ci-fixer',
      mode: 'write',
      brief: (failing) => ({ fact: 'fixChecksBrief', failing }),
      attempts: ctx.options.attempts ?? ctx.policy.ciAttempts,
      waitingOn: 'checks',
      detail: { fact: 'checksOf', branch: ctx.change().branch },
      exhausted: { notice: 'ci_failed', hint: { fact: 'checksFailedHint' } },
    });
  },
});

/** Sends a notice when there are no checks, because a forgotten check has the same effect. */
function judged(ctx: GateContext, report: CheckReport) {
  const verdict = judgeChecks(report);
  if (verdict.pass && report.checks.length === 0) ctx.notice('no_checks', verdict.note);
  return verdict;
}
