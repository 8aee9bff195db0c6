import { z } from 'zod';
import type { Text } from '../contracts/facts.ts';
import type { HumanAction } from '../contracts/messages.ts';
import { passed, type Settled } from '../contracts/outcome.ts';
import { Concern } from '../contracts/policy.ts';
import type { Finding, ReviewEntry } from '../contracts/reading.ts';
import {
  answersToIncorporate,
  capReached,
  converged,
  editFinding,
  isEdit,
  noteDocument,
  noteItems,
  offersOf,
  openIn,
  readItems,
  readRecommendations,
  type ReviewOffer as Offer,
} from '../rules/review.ts';
import { defineGate, type Answer, type GateContext, type Question } from './gate.ts';

type Context = GateContext<unknown, 'failedEffect' | 'stop'>;

/** The answers that are not handled at once. */
type Asked = Answer<Exclude<Offer, `${string}Finding` | `${string}Recommendation`>>;

interface Subject {
  reviewer: string;
  notice: 'requirement_review' | 'clarity_review';
  recommends: boolean;
}

/**
 * Asks about a task until nothing is left to ask: a reviewer makes findings, people answer them, the answers go into a
 * document, and that is reviewed again. The document then replaces the task's description.
 */
const review = <Kind extends string>(kind: Kind, subject: Subject) =>
  defineGate({
    kind,
    options: z.object({
      /** How many rounds to take. Default: `reviewIterations` of the policy. */
      iterations: z.number().int().min(1).max(20).optional(),
      /** The most severe finding that passes. Default: `concernAllowed` of the policy. */
      concernAllowed: Concern.optional(),
    }),
    uses: ['failedEffect', 'stop'],
    roles: [subject.reviewer, 'incorporator', ...(subject.recommends ? ['recommender'] : [])],
    takes: { when: true },

    async run(ctx) {
      const tolerated = ctx.options.concernAllowed ?? ctx.policy.concernAllowed;
      const table = openTable(ctx, ctx.options.iterations ?? ctx.policy.reviewIterations);
      let back = ctx.resumed(Kept);
      for (let because = back?.because; ; back = undefined) {
        if (!back && table.due && because === undefined) because = await takeReview(ctx, subject, table);
        if (!back && converged(table, tolerated)) return settled(table, 'nothing-left');

        const answer = await ask(ctx, subject, table, because);
        because = undefined;
        switch (answer.kind) {
          case 'incorporate': {
            const answers = answersToIncorporate(table, answer.feedback);
            if (!answers) return settled(table, 'nothing-answered');
            because = await incorporate(ctx, table, { fact: 'incorporateBrief', text: textOf(ctx), ...answers });
            break;
          }
          case 'requestRecommendations':
            because = await recommend(ctx, table, answer);
            break;
          case 'reviewAgain':
            table.due = true;
            break;
          case 'resolveCap':
            if (answer.choice === 'stop') return ctx.stop();
            if (answer.choice === 'extra-round') {
              table.max += 1;
              break;
            }
            return settled(table, 'proceeded', answer.by);
          case 'proceed':
            return settled(table, 'proceeded', answer.by);
          case 'moved':
            because = answer.because;
        }
      }
    },
  });

/** Why a person is asked again. */
const Kept = z.strictObject({ because: z.string().optional() });

const openTable = ({ step }: GateContext, max: number): ReviewEntry =>
  (step.review ??= { iteration: 0, max, findings: [], issued: 0, due: true, documented: false });

const settled = (
  { documented, iteration: reviews }: ReviewEntry,
  how: 'nothing-left' | 'nothing-answered' | 'proceeded',
  by?: string,
): Settled => passed({ fact: 'reviewPassed', how, by, reviews, documented });

/** The text under review: the latest document, or the task as it was written. */
const textOf = (ctx: GateContext): string =>
  ctx.step.review?.documented ? (ctx.step.summary ?? '') : ctx.description();

/**
 * One review. A reviewer that cannot be reached or understood is sent once more. Then people are asked: it never counts as
 * "no findings".
 */
async function takeReview(ctx: GateContext, { reviewer }: Subject, table: ReviewEntry): Promise<string | undefined> {
  const { documented } = table;
  const asked = { review: ctx.step.kind, documented, text: textOf(ctx), dismissed: dismissedIn(table) };
  const shown = { phase: 'reviewing', attempt: table.iteration, attempts: table.max } as const;
  let because: Text = '';
  for (const repair of [false, true]) {
    const brief: Text = { fact: 'reviewBrief', ...asked, repair };
    const end = await ctx.send(reviewer, { mode: 'read', brief }, shown);
    const items = end.is === 'completed' ? readItems(end.output ?? end.summary) : undefined;
    if (items) {
      noteItems(table, items);
      return undefined;
    }
    because = end.is === 'failed' ? end.because : { fact: 'noFindingsList' };
  }
  return ctx.inWords({ fact: 'reviewerNotUnderstood', role: reviewer, because });
}

const dismissedIn = ({ findings }: ReviewEntry): Finding[] => findings.filter(({ status }) => status === 'dismissed');

/** Works the answers into the document. Only a complete document counts: until there is one, every answer stays. */
async function incorporate(ctx: Context, table: ReviewEntry, brief: Text): Promise<string | undefined> {
  const end = await ctx.send('incorporator', { mode: 'read', brief }, { phase: 'incorporating' });
  if (end.is === 'failed') return fails(ctx, { fact: 'answersNotIncorporated', because: end.because });
  if (end.cut) return fails(ctx, { fact: 'answersNotIncorporated', because: { fact: 'documentTooLong' } });
  if (end.summary.trim() === '')
    return fails(ctx, { fact: 'answersNotIncorporated', because: { fact: 'documentEmpty' } });
  await ctx.keep(ctx.step, { summary: end.summary });
  noteDocument(table);
  return undefined;
}

async function recommend(
  ctx: Context,
  table: ReviewEntry,
  { findings: wanted, note }: HumanAction<'requestRecommendations'>,
): Promise<string | undefined> {
  const asked = table.findings.filter(({ id, status }) => status === 'open' && (!wanted || wanted.includes(id)));
  const brief: Text = { fact: 'recommendBrief', findings: asked, note, text: textOf(ctx) };
  const end = await ctx.send('recommender', { mode: 'read', brief }, { phase: 'reviewing', findings: table.findings });
  if (end.is === 'failed') return fails(ctx, { fact: 'noRecommendations', because: end.because });
  const found = readRecommendations(end.output).filter(({ itemId }) => asked.some(({ id }) => id === itemId));
  for (const { itemId, recommendation, fromStandard } of found) {
    const finding = asked.find(({ id }) => id === itemId)!;
    finding.recommendation = { text: recommendation, fromStandard, status: 'open' };
  }
  return found.length > 0
    ? undefined
    : fails(ctx, { fact: 'noRecommendations', because: { fact: 'noRecommendationNamed' } });
}

function fails(ctx: Context, because: Text): string {
  ctx.failedEffect();
  return ctx.inWords(because);
}

function ask(
  ctx: GateContext,
  { notice, recommends }: Subject,
  table: ReviewEntry,
  because: string | undefined,
): Promise<Asked> {
  const capped = capReached(table);
  const state: Text = { fact: 'reviewFindings', because, capped, rounds: table.iteration };
  const question = (): Question<Offer> => ({
    detail: { fact: 'reviewOpen', state, open: openIn(table).length, findings: table.findings.length },
    ...(because && { because }),
    findings: table.findings,
    attempt: table.iteration,
    attempts: table.max,
    ...(capped && { cap: { of: ctx.step.kind, used: table.iteration, max: table.max, feedback: titles(table) } }),
    offers: offersOf(table, { recommends, capped }),
  });
  const type = capped ? 'decision_required' : notice;
  const kept = { because } satisfies z.output<typeof Kept>;
  const parking = { kept, edit: (action: HumanAction<Offer>) => edit(table, action) };
  return ctx.park<Offer>(question, { type, text: { fact: 'reviewNotice', state } }, parking) as Promise<Asked>;
}

function edit(table: ReviewEntry, action: HumanAction<Offer>): boolean {
  if (!isEdit(action)) return false;
  editFinding(table, action);
  return true;
}

const titles = ({ findings }: ReviewEntry) =>
  findings.map(({ title, severity }) => `${title} (${severity})`).join(', ');

/** Each review, and who takes it. */
export const reviews = [
  review('requirements-review', {
    reviewer: 'requirements-reviewer',
    notice: 'requirement_review',
    recommends: true,
  }),
  review('clarity-review', {
    reviewer: 'clarity-reviewer',
    notice: 'clarity_review',
    recommends: false,
  }),
];
