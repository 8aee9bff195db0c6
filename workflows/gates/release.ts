import { z } from 'zod';
import type { Signal } from '../contracts/activities.ts';
import { passed } from '../contracts/outcome.ts';
import { cutText } from '../rules/bytes.ts';
import { judgeSignals, OnCall, regressionText, type ReleaseHealth } from '../rules/release.ts';
import { budgetOf, defineGate, type GateContext, type GateEnd } from './gate.ts';

const options = z.object({
  /** How long to watch. None: `releaseWatchMinutes` of the policy. */
  minutes: z.number().int().min(1).max(720).optional(),
  /** How many times to send the `on-call` agent. None: `releaseAttempts` of the policy. */
  attempts: z.number().int().min(0).max(10).optional(),
  /** What to do if no signal has any data: nothing, or send a notice. None: `pass`. */
  onNoData: z.enum(['pass', 'notice']).optional(),
});

/** Has what was merged watched, by a workflow of its own: the run is done, and need not wait for it. */
export const postReleaseHealth = defineGate({
  kind: 'post-release-health',
  options,
  roles: ['on-call'],
  uses: ['release'],
  takes: { when: true },
  needs: 'release',

  async run(ctx) {
    if (!ctx.release.merged()) return passed('Nothing was merged: there is no release to watch.');
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

/** So much is said of what alerts: the signals themselves say the rest. */
const TEXT_BYTES = 8_000;

/** A regression as it is told, and what the on-call agent makes of it. */
const Regression = z.strictObject({
  text: z.string(),
  signals: z.array(z.looseObject({ id: z.string(), state: z.enum(['ok', 'warn', 'alert', 'no_data']) })),
  assessment: OnCall.optional(),
});
type Regression = { text: string; signals: Signal[]; assessment?: OnCall | undefined };

/** Watches a release for its time. A regression is investigated, and told; it is never reverted by us. */
export async function watchRelease(ctx: Watched, told: (watch: Watch) => void): Promise<GateEnd> {
  const found = (ctx.resumed(Regression) as Regression | undefined) ?? (await watched(ctx, told));
  if ('is' in found) return found;
  const { signals, assessment } = found;
  const by = await acknowledged(ctx, found);
  told({ health: 'regressed', signals, ...(assessment && { assessment }), acknowledgedBy: by });
  return passed(`${regressionText(signals)} Acknowledged by ${by}.`);
}

/** Watches, and has a regression investigated. Without one the watch is over. */
async function watched(ctx: Watched, told: (watch: Watch) => void): Promise<Regression | GateEnd> {
  const minutes = ctx.options.minutes ?? ctx.policy.releaseWatchMinutes;
  const signals = await ctx.release.signals(minutes);
  const health = judgeSignals(signals);
  told({ health, signals });
  if (health === 'healthy') return passed(`Watched for ${minutes} minutes: it is well.`);
  if (health === 'no-data') {
    const note = `Watched for ${minutes} minutes: no signal had any data.`;
    if (signals.length > 0 && ctx.options.onNoData === 'notice') ctx.notice('release_no_data', note);
    return passed(note);
  }

  const text = cutText(regressionText(signals), TEXT_BYTES);
  const budget = budgetOf(ctx.step, 'on-call', ctx.options.attempts ?? ctx.policy.releaseAttempts);
  if (!budget.left()) return { text: `${text} Nobody was sent to investigate.`, signals };
  const found = await investigate(ctx, text, signals, budget);
  return { ...found, text: `${text} ${found.text}`, signals };
}

/** Asks the on-call agent once per attempt, until one answers; that none does is said. */
async function investigate(
  ctx: Watched,
  text: string,
  signals: Signal[],
  budget: ReturnType<typeof budgetOf>,
): Promise<{ text: string; assessment?: OnCall }> {
  let because = '';
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
        text: `On-call says ${recommendation} (confidence ${culpritConfidence}): ${rationale || end.summary}`,
      };
    }
    because = end.is === 'failed' ? end.because : 'its answer is no assessment';
  }
  return { text: `The investigation failed (${because}): look at it yourself.` };
}

const briefOf = (ctx: Watched, text: string, signals: Signal[]): string =>
  [
    `${text} Find out whether ${changeOf(ctx)}, merged into ${ctx.change().base} just before as ${ctx.release.merged()}, is to blame. Change nothing.`,
    'Answer in `output` with { "culpritConfidence": 0..1, "recommendation": "revert" | "hold" | "monitor", "rationale": "…", "evidence": ["…"] }.',
    ...signals.map(({ id, name, state, detail }) => `- ${name ?? id}: ${state}${detail ? ` (${detail})` : ''}`),
  ].join('\n');

/** What was merged, as an investigator finds it: its branch is gone by then. */
const changeOf = (ctx: Watched): string => {
  const { pullRequest } = ctx.change();
  return pullRequest === undefined ? `the change “${ctx.title()}”` : `pull request ${pullRequest}`;
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
