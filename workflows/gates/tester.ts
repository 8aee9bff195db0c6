import { z } from 'zod';
import { failed, type Lost } from '../contracts/outcome.ts';
import type { GateView } from '../contracts/state.ts';
import { briefOfReport, judgeReport, readReport, type Report } from '../rules/tester-report.ts';
import { lost } from './agent.ts';
import { escalate } from './escalate.ts';
import { defineGate, REPAIR, type GateContext } from './gate.ts';

/** An agent runs the change and reports; while it withholds its greenlight, the fixer is sent, and it runs it again. */
export const tester = defineGate({
  kind: 'tester',
  options: z.object({
    /** How many times to send the `fixer`. None: `fixAttempts` of the policy. */
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
      brief: () => briefOfReport(report!),
      attempts: ctx.options.fixes ?? ctx.policy.fixAttempts,
      waitingOn: 'agent',
      detail: 'The tester runs the change',
      exhausted: {
        notice: 'test_failed',
        type: 'agent',
        hint: 'Mend what the tester names on the work branch, then retry the run.',
      },
    });
  },
});

/** One test of the head. An answer that is no report gets one repair job, and is never a pass. */
async function test(ctx: GateContext<unknown, 'environment'>, view: GateView): Promise<{ report: Report } | Lost> {
  await ctx.environment.follow({
    ...view,
    phase: 'provisioning',
    waitingOn: 'environment',
    detail: 'The environment is being rebuilt where the head has moved',
  });
  let raw = '';
  for (const brief of [briefOf(ctx), `${briefOf(ctx)}\n\n${REPAIR}`]) {
    const end = await ctx.send('tester', { mode: 'read', brief }, view);
    if (end.is === 'failed') return lost(end);
    await ctx.keep(ctx.step, end);
    const report = readReport(end.output);
    if (report) return { report };
    raw = JSON.stringify(end.output ?? end.summary);
  }
  const reason = 'The tester answered twice with something that is no report.';
  ctx.notice('test_failed', reason);
  return failed('agent', reason, {
    detail: raw.slice(0, 2_000),
    hint: 'output: expected { "greenlight": true | false, "summary": "…", "tested": […], "outcomes": […], "concerns": […] }',
  });
}

/** The rule as the gate judges by it, so that nobody tests by another. */
const briefOf = (ctx: GateContext): string =>
  [
    ctx.description(),
    'Run the change and try it, in the environment you are given if there is one, else in your checkout. Change nothing.',
    'Answer in `output` with { "greenlight": true | false, "summary": "…", "tested": ["…"], "outcomes": [{ "name", "status": "passed" | "failed" | "skipped", "detail"? }], "concerns": [{ "title", "detail", "severity": "low" | "medium" | "high" | "critical" }] }.',
    'In the first round any concern is mended; later rounds only those that are high or critical, and the rest is advice.',
  ].join('\n\n');
