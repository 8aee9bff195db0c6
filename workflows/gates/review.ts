import { z } from 'zod';
import type { HumanAction } from '../contracts/messages.ts';
import { passed } from '../contracts/outcome.ts';
import { Concern } from '../contracts/policy.ts';
import type { ReviewEntry } from '../contracts/reading.ts';
import {
  briefOfAnswers,
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
import { defineGate, REPAIR, type Answer, type GateContext, type Question } from './gate.ts';

type Context = GateContext<unknown, 'failedEffect' | 'stop'>;

/** What is not done on the spot. */
type Asked = Answer<Exclude<Offer, `${string}Finding` | `${string}Recommendation`>>;

interface Subject {
  reviewer: string;
  notice: 'requirement_review' | 'clarity_review';
  /** What is reviewed, as its brief says it. */
  what: string;
  /** What else its brief says until there is a document. */
  first?: string;
  recommends: boolean;
}

/**
 * Asks about a task until nothing is left to ask: a reviewer finds, people answer, the answers are worked into a document,
 * and that is reviewed again. The document then stands for the task's description.
 */
const review = <Kind extends string>(kind: Kind, subject: Subject) =>
  defineGate({
    kind,
    options: z.object({
      /** How many rounds to take. None: `reviewIterations` of the policy. */
      iterations: z.number().int().min(1).max(20).optional(),
      /** The gravest finding that passes. None: `concernAllowed` of the policy. */
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
        if (!back && converged(table, tolerated)) return passed(settledBy('Nothing is left to ask.', table));

        const answer = await ask(ctx, subject, table, because);
        because = undefined;
        switch (answer.kind) {
          case 'incorporate': {
            const brief = briefOfAnswers(table, textOf(ctx), answer.feedback);
            if (brief === undefined) return passed(settledBy('There was nothing to work in.', table));
            because = await incorporate(ctx, table, brief);
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
            return passed(settledBy(`${answer.by ?? 'A person'} let it proceed.`, table));
          case 'proceed':
            return passed(settledBy(`${answer.by ?? 'A person'} let it proceed.`, table));
          case 'moved':
            because = answer.because;
        }
      }
    },
  });

/** Why the table is shown again. */
const Kept = z.strictObject({ because: z.string().optional() });

const openTable = ({ step }: GateContext, max: number): ReviewEntry =>
  (step.review ??= { iteration: 0, max, findings: [], issued: 0, due: true, documented: false });

const settledBy = (how: string, { documented, iteration }: ReviewEntry): string =>
  `${how} ${iteration} ${iteration === 1 ? 'review' : 'reviews'}${documented ? ', and a reworked text' : ''}.`;

/** The text under review: as it was worked out last, or as the task was written. */
const textOf = (ctx: GateContext): string =>
  ctx.step.review?.documented ? (ctx.step.summary ?? '') : ctx.description();

/**
 * One review. A reviewer that cannot be reached or understood is sent once more, and then shown: never "no findings".
 */
async function takeReview(
  ctx: GateContext,
  { reviewer, what, first }: Subject,
  table: ReviewEntry,
): Promise<string | undefined> {
  const task = table.documented || !first ? what : `${what} ${first}`;
  const brief = [task, ASKED, `# The text\n\n${textOf(ctx)}`, dismissedText(table)].filter(Boolean).join('\n\n');
  const shown = { phase: 'reviewing', attempt: table.iteration, attempts: table.max } as const;
  let because = '';
  for (const asked of [brief, `${brief}\n\n${REPAIR}`]) {
    const end = await ctx.send(reviewer, { mode: 'read', brief: asked }, shown);
    const items = end.is === 'completed' ? readItems(end.output ?? end.summary) : undefined;
    if (items) {
      noteItems(table, items);
      return undefined;
    }
    because = end.is === 'failed' ? end.because : 'its answer is no list of findings';
  }
  return `The ${reviewer} could not be understood: ${because}.`;
}

const ASKED =
  'Answer in `output` with { "items": [{ "category": "gap" | "clarification" | "assumption" | "risk" | "question", "severity": "low" | "medium" | "high", "title", "detail" }] }: every finding with its severity, gravest first, and an empty list when the text is good enough.';

const dismissedText = ({ findings }: ReviewEntry): string => {
  const dismissed = findings.filter(({ status }) => status === 'dismissed');
  return dismissed.length > 0
    ? `# Out of scope: do not ask again\n\n${dismissed.map(({ title }) => `- ${title}`).join('\n')}`
    : '';
};

/** Works the answers in. Only a whole document counts; until there is one, every answer stays where it is. */
async function incorporate(ctx: Context, table: ReviewEntry, brief: string): Promise<string | undefined> {
  const end = await ctx.send('incorporator', { mode: 'read', brief }, { phase: 'incorporating' });
  if (end.is === 'failed') return fails(ctx, `The answers could not be worked in: ${end.because}`);
  if (end.cut) return fails(ctx, 'The answers could not be worked in: the new text is too long, and was cut off.');
  if (end.summary.trim() === '') return fails(ctx, 'The answers could not be worked in: the new text is empty.');
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
  const brief = [
    'Recommend an answer to each finding: from the team’s standards first, then from what the repository says, then from what is known.',
    'Answer in `output` with { "items": [{ "itemId", "recommendation", "fromStandard": true | false }] }.',
    ...asked.map(({ id, title, detail }) => `## ${id}: ${title}\n\n${detail}`),
    ...(note ? [`# Besides\n\n${note}`] : []),
    `# The text\n\n${textOf(ctx)}`,
  ].join('\n\n');
  const end = await ctx.send('recommender', { mode: 'read', brief }, { phase: 'reviewing', findings: table.findings });
  if (end.is === 'failed') return fails(ctx, `There are no recommendations: ${end.because}`);
  const found = readRecommendations(end.output).filter(({ itemId }) => asked.some(({ id }) => id === itemId));
  for (const { itemId, recommendation, fromStandard } of found) {
    const finding = asked.find(({ id }) => id === itemId)!;
    finding.recommendation = { text: recommendation, fromStandard, status: 'open' };
  }
  return found.length > 0
    ? undefined
    : fails(ctx, 'There are no recommendations: the recommender’s answer names none.');
}

function fails(ctx: Context, because: string): string {
  ctx.failedEffect();
  return because;
}

function ask(
  ctx: GateContext,
  { notice, recommends }: Subject,
  table: ReviewEntry,
  because: string | undefined,
): Promise<Asked> {
  const capped = capReached(table);
  const text =
    because ?? (capped ? `The review still has findings after ${table.iteration} rounds` : 'The review has findings');
  const question = (): Question<Offer> => ({
    detail: `${text}: ${openIn(table).length} of ${table.findings.length} are open`,
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
  return ctx.park<Offer>(question, { type, text: `${text}.` }, parking) as Promise<Asked>;
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
    what: 'Review what this task asks for: what is missing, unclear, assumed or risky before anybody builds it.',
    recommends: true,
  }),
  review('clarity-review', {
    reviewer: 'clarity-reviewer',
    notice: 'clarity_review',
    what: 'Review this bug report: what is missing or unclear before anybody mends it.',
    first: 'What was investigated is in the prior outputs.',
    recommends: false,
  }),
];
