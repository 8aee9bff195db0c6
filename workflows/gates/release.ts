import { z } from 'zod';
import type { Signal } from '../contracts/activities.ts';
import type { Text } from '../contracts/facts.ts';
import { passed } from '../contracts/outcome.ts';
import { cutText } from '../rules/bytes.ts';
import { judgeSignals, OnCall, type ReleaseHealth } from '../rules/release.ts';
import { budgetOf, defineGate, type GateContext, type GateEnd } from './gate.ts';

const options = z.object({
  /** How long to watch. Default: `releaseWatchMinutes` of the policy. */
  minutes: z.number().int().min(1).max(720).optional(),
  /** How many times to send the `on-call` agent. Default: `releaseAttempts` of the policy. */
  attempts: z.number().int().min(0).max(10).optional(),
  /** What to do if no signal has any data: nothing, or send a notice. Default: `pass`. */
  onNoData: z.enum(['pass', 'notice']).optional(),
});

/** Has the release watched by a workflow of its own, so that the run need not wait for it. */
export const postReleaseHealth = defineGate({
  kind: 'post-release-health',
  options,
  roles: ['on-call'],
  uses: ['release'],
  takes: { when: true },
  needs: 'release',

  async run(ctx) {
    if (!ctx.release.merged()) return passed({ fact: 'nothingReleased' });
    return passed(await ctx.release.watch());
  },
});

export type Watched = GateContext<z.output<typeof options>, 'release'>;
export interface Watch {
  health: ReleaseHealth;
  signals: Signal[];
  assessment?: OnCall;
  acknowledgedBy?: string;
}

/** The limit of the text about a regression, in bytes. The signals have the rest. */
const TEXT_BYTES = 8_000;

/** A regression, with the on-call agent's assessment. */
const Regression = z.strictObject({
  text: z.string(),
  signals: z.array(z.looseObject({ id: z.string(), state: z.enum(['ok', 'warn', 'alert', 'no_data']) })),
  assessment: OnCall.optional(),
});
type Regression = { text: string; signals: Signal[]; assessment?: OnCall | undefined };

/** Watches a release for its time. A regression is investigated, and people are asked. We never revert it. */
export async function watchRelease(ctx: Watched, report: (watch: Watch) => void): Promise<GateEnd> {
  const found = (ctx.resumed(Regression) as Regression | undefined) ?? (await watched(ctx, report));
  if ('is' in found) return found;
  const { signals, assessment } = found;
  const by = await acknowledged(ctx, found);
  report({ health: 'regressed', signals, ...(assessment && { assessment }), acknowledgedBy: by });
  return passed({ fact: 'regressionAcknowledged', regression: { fact: 'regressed', signals }, by });
}

/** Watches, and has a regression investigated. Without one the watch is over. */
async function watched(ctx: Watched, report: (watch: Watch) => void): Promise<Regression | GateEnd> {
  const minutes = ctx.options.minutes ?? ctx.policy.releaseWatchMinutes;
  const signals = await ctx.release.signals(minutes);
  const health = judgeSignals(signals);
  report({ health, signals });
  if (health === 'healthy') return passed({ fact: 'releaseHealthy', minutes });
  if (health === 'no-data') {
    const note: Text = { fact: 'releaseWithoutData', minutes };
    if (signals.length > 0 && ctx.options.onNoData === 'notice') ctx.notice('release_no_data', note);
    return passed(note);
  }

  const text = cutText(ctx.inWords({ fact: 'regressed', signals }), TEXT_BYTES);
  const budget = budgetOf(ctx.step, 'on-call', ctx.options.attempts ?? ctx.policy.releaseAttempts);
  if (!budget.left()) return { text: ctx.inWords({ fact: 'nobodyInvestigates', regression: text }), signals };
  const found = await investigate(ctx, text, signals, budget);
  return { ...found, text: ctx.inWords({ fact: 'joined', first: text, then: found.text }), signals };
}

/** Sends the on-call agent once per attempt, until one answers. */
async function investigate(
  ctx: Watched,
  text: string,
  signals: Signal[],
  budget: ReturnType<typeof budgetOf>,
): Promise<{ text: Text; assessment?: OnCall }> {
  let because: Text = '';
  while (budget.left()) {
    budget.spend();
    const view = { ...budget.shown(), signals, because: text };
    const end = await ctx.send('on-call', { mode: 'read', brief: briefOf(ctx, text, signals) }, view);
    const assessment = end.is === 'completed' ? OnCall.safeParse(end.output).data : undefined;
    if (assessment && end.is === 'completed') {
      await ctx.keep(ctx.step, { summary: end.summary, output: assessment });
      const { recommendation, culpritConfidence, rationale } = assessment;
      return {
        assessment,
        text: {
          fact: 'investigated',
          recommendation,
          confidence: culpritConfidence,
          rationale: rationale || end.summary,
        },
      };
    }
    because = end.is === 'failed' ? end.because : { fact: 'noReleaseAssessment' };
  }
  return { text: { fact: 'investigationFailed', because } };
}

const briefOf = (ctx: Watched, text: string, signals: Signal[]): Text => {
  const { base, pullRequest } = ctx.change();
  const mergeCommit = ctx.release.merged();
  return { fact: 'investigateBrief', text, title: ctx.title(), pullRequest, base, mergeCommit, signals };
};

async function acknowledged(ctx: Watched, regression: Regression): Promise<string> {
  const { text, signals, assessment } = regression;
  for (;;) {
    const question = { detail: text, because: text, signals, ...(assessment && { assessment }) };
    const answer = await ctx.park(
      () => ({ ...question, offers: ['acknowledge'] as const }),
      { type: 'release_regression', text },
      { kept: { ...regression } },
    );
    if (answer.kind === 'acknowledge') return answer.by ?? 'a person';
  }
}
