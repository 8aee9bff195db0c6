import { z } from 'zod';
import { failed, type Lost } from '../contracts/outcome.ts';
import type { Text } from '../contracts/facts.ts';
import type { GateView } from '../contracts/run/state.ts';
import { judgeReport, readReport, type Report } from '../rules/tester-report.ts';
import { lost } from './agent.ts';
import { escalate } from './escalate.ts';
import { defineGate, type GateContext } from './gate.ts';

/** An agent runs the change and reports. While it withholds its greenlight, the fixer is sent and it tests again. */
export const tester = defineGate({
  kind: 'tester',
  options: z.object({
    /** How many times to send the `fixer`. Default: `fixAttempts` of the policy. */
    fixes: z.number().int().min(0).max(1_000).optional(),
  }),
  roles: ['tester', 'fixer'],
  uses: ['environment'],
  takes: { when: true },

  run(ctx) {
    let report: Report | undefined;
    return escalate(ctx, {
      async probe(view) {
        const end = await test(ctx, view);
        if ('is' in end) return end;
        report = end.report;
        return judgeReport(report, { fixes: ctx.step.spent['fixer'] ?? 0, head: ctx.head() ?? '' });
      },
      helper: 'fixer',
      mode: 'write',
      brief: () => briefOf(report!),
      attempts: ctx.options.fixes ?? ctx.policy.fixAttempts,
      waitingOn: 'agent',
      detail: { fact: 'testerRuns' },
      exhausted: {
        notice: 'test_failed',
        type: 'agent',
        hint: { fact: 'testerHint' },
      },
    });
  },
});

/** One test of the head. An answer that is no report gets one repair job, and never passes. */
async function test(ctx: GateContext<unknown, 'environment'>, view: GateView): Promise<{ report: Report } | Lost> {
  await ctx.environment.follow({
    ...view,
    phase: 'provisioning',
    waitingOn: 'environment',
    detail: { fact: 'environmentRebuilding' },
  });
  let raw = '';
  for (const repair of [false, true]) {
    const brief: Text = { fact: 'testBrief', description: ctx.description(), repair };
    const end = await ctx.send('tester', { mode: 'read', brief }, view);
    if (end.is === 'failed') return lost(end);
    await ctx.keep(ctx.step, end);
    const report = readReport(end.output);
    if (report) return { report };
    raw = JSON.stringify(end.output ?? end.summary);
  }
  const reason: Text = { fact: 'noReport' };
  ctx.notice('test_failed', reason);
  return failed('agent', reason, {
    detail: raw.slice(0, 2_000),
    hint: { fact: 'noReportHint' },
  });
}

const briefOf = ({ summary, concerns, outcomes }: Report): Text => ({
  fact: 'fixReportBrief',
  summary,
  concerns,
  outcomes,
});
