import { z } from 'zod';
import type { ActionName, HumanAction } from '../contracts/messages.ts';
import type { Policy } from '../contracts/policy.ts';
import type { Finding, ReviewEntry } from '../contracts/reading.ts';

const CATEGORIES = ['gap', 'clarification', 'assumption', 'risk', 'question'] as const;
const SEVERITIES = ['low', 'medium', 'high'] as const;
/** So many findings of one review are kept, the gravest first; so much of a detail stands in for a missing title. */
const MOST = 20;
const TITLE = 80;

const Item = z
  .object({
    category: z.enum(CATEGORIES).catch('question'),
    severity: z.enum(SEVERITIES).catch('medium'),
    title: z.string().trim().max(500).catch(''),
    detail: z.string().trim().max(10_000).catch(''),
  })
  .transform((item) => ({ ...item, title: item.title || item.detail.slice(0, TITLE) }));
type Item = z.output<typeof Item>;

const listOf = <Of extends z.ZodType>(item: Of) =>
  z.union([z.object({ items: z.array(item) }).transform(({ items }) => items), z.array(item)]);

/**
 * What a reviewer found, gravest first, or nothing when its answer cannot be understood: an answer that lists nothing is
 * one, an answer without a list is none (gates Q-32).
 */
export function readItems(output: unknown): Item[] | undefined {
  const { data } = listOf(Item).safeParse(fromText(output));
  const items = data?.filter(({ title, detail }) => title !== '' || detail !== '');
  return items?.toSorted((a, b) => rank(b.severity) - rank(a.severity)).slice(0, MOST);
}

const Recommended = z.object({
  itemId: z.string(),
  recommendation: z.string().trim().min(1).max(10_000),
  fromStandard: z.boolean().catch(false),
});

/** What a recommender answers, for those of these findings that it speaks of. */
export const readRecommendations = (output: unknown): z.output<typeof Recommended>[] =>
  listOf(Recommended).safeParse(fromText(output)).data ?? [];

/** Models put JSON into prose and fences: from the first bracket to the last of its kind. */
function fromText(output: unknown): unknown {
  if (typeof output !== 'string') return output;
  const [, json = ''] = /^[^[{]*([[{][^]*[\]}])[^\]}]*$/.exec(output) ?? [];
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const rank = (severity: Policy['concernAllowed']): number => ['none', ...SEVERITIES].indexOf(severity);

/** What still stands against the text: dismissed findings do not. */
const outstanding = ({ findings }: ReviewEntry) => findings.filter(({ status }) => status !== 'dismissed');

/** Whether a review leaves nothing, or nothing graver than is tolerated, and nothing that a person has begun to answer. */
export const converged = (review: ReviewEntry, tolerated: Policy['concernAllowed']): boolean =>
  !review.due && outstanding(review).every(({ severity }) => rank(severity) <= rank(tolerated));

export const capReached = ({ iteration, max, due }: ReviewEntry): boolean => !due && iteration >= max;

/** Takes a review's findings over. What people said to earlier ones and is not worked in yet stays with them. */
export function noteItems(review: ReviewEntry, items: readonly Item[]): void {
  const kept = review.findings.filter(({ status }) => status !== 'open');
  const known = new Set(kept.map(({ title }) => title));
  const fresh = items
    .filter(({ title }) => !known.has(title))
    .map((item): Finding => ({ id: `f-${(review.issued += 1)}`, ...item, status: 'open' }));
  review.findings = [...fresh, ...kept].toSorted((a, b) => rank(b.severity) - rank(a.severity));
  review.iteration += 1;
  review.due = false;
}

type Edit = Extract<
  HumanAction,
  { kind: 'answerFinding' | 'dismissFinding' | 'reopenFinding' | 'acceptRecommendation' | 'rejectRecommendation' }
>;
export const isEdit = (action: HumanAction): action is Edit => Object.hasOwn(EDITS, action.kind);

const EDITS: { [Kind in Edit['kind']]: (finding: Finding, said: Extract<Edit, { kind: Kind }>) => void } = {
  answerFinding: (finding, { reply }) => void Object.assign(finding, { reply, status: 'answered' }),
  dismissFinding: (finding) => void (finding.status = 'dismissed'),
  reopenFinding: (finding) => void (finding.status = 'open'),
  acceptRecommendation(finding) {
    const { recommendation } = finding;
    if (!recommendation) return;
    recommendation.status = 'accepted';
    Object.assign(finding, { reply: recommendation.text, status: 'answered' });
  },
  rejectRecommendation(finding) {
    if (finding.recommendation) finding.recommendation.status = 'rejected';
  },
};

/** What a person says of one finding is done at once: nobody has to be waited for. */
export function editFinding(review: ReviewEntry, action: Edit): void {
  const finding = review.findings.find(({ id }) => id === action.finding);
  if (finding) (EDITS[action.kind] as (finding: Finding, said: Edit) => void)(finding, action);
}

/** Why an edit cannot be: its finding never was, or is settled in another way. */
export function wrongEdit(
  review: ReviewEntry,
  action: Edit,
): { code: 'invalid' | 'stale'; because: string } | undefined {
  const finding = review.findings.find(({ id }) => id === action.finding);
  if (!finding) {
    const number = Number(/^f-(\d+)$/.exec(action.finding)?.[1]);
    return number >= 1 && number <= review.issued
      ? { code: 'stale', because: `${action.finding} is settled: it was worked in, or did not come up again.` }
      : { code: 'invalid', because: `finding: expected one of ${idsOf(review) || 'none'}; got ${action.finding}` };
  }
  const { status, recommendation } = finding;
  const settled =
    (action.kind === 'answerFinding' && status === 'dismissed' && 'is dismissed: reopen it first') ||
    (action.kind === 'dismissFinding' && status === 'dismissed' && 'is dismissed already') ||
    (action.kind === 'reopenFinding' && status === 'open' && 'is open') ||
    (action.kind.endsWith('Recommendation') && recommendation?.status !== 'open' && 'has no open recommendation');
  return settled ? { code: 'stale', because: `${action.finding} ${settled}.` } : undefined;
}

/** Findings that a request for recommendations names, and that never were. */
export const unknownIds = (review: ReviewEntry, ids: readonly string[] = []): string[] =>
  ids.filter((id) => !review.findings.some((finding) => finding.id === id));

const idsOf = ({ findings }: ReviewEntry) => findings.map(({ id }) => id).join(', ');

/** What the incorporator works in: answers, what is out of scope, and what else was said. Nothing when there is none. */
export function briefOfAnswers(review: ReviewEntry, text: string, feedback: string | undefined): string | undefined {
  const answered = review.findings.filter(({ status, reply }) => status === 'answered' && reply?.trim());
  if (answered.length === 0 && !feedback) return undefined;
  const dismissed = review.findings.filter(({ status }) => status === 'dismissed');
  return [
    'Work what people answered into the text below. Your whole summary is the new text: complete, and nothing else.',
    `# The text as it stands\n\n${text}`,
    ...answered.map(({ title, detail, reply }) => `# Answered: ${title}\n\n${detail}\n\nAnswer: ${reply}`),
    ...(dismissed.length > 0 ? [`# Out of scope\n\n${dismissed.map(({ title }) => `- ${title}`).join('\n')}`] : []),
    ...(feedback ? [`# Besides\n\n${feedback}`] : []),
  ].join('\n\n');
}

/** A document is new: what was worked in is settled, and the text is to be reviewed once more. */
export function noteDocument(review: ReviewEntry): void {
  review.findings = review.findings.filter(({ status }) => status === 'dismissed');
  review.due = true;
  review.documented = true;
}

/** The actions of a review. */
export type ReviewOffer = Extract<
  ActionName,
  | `${'answer' | 'dismiss' | 'reopen'}Finding`
  | `${'accept' | 'reject'}Recommendation`
  | 'requestRecommendations'
  | 'incorporate'
  | 'reviewAgain'
  | 'proceed'
  | 'resolveCap'
>;

export const openIn = ({ findings }: ReviewEntry) => findings.filter(({ status }) => status === 'open');

/** What can be done to the findings as they stand, and then about the whole. */
export function offersOf(
  table: ReviewEntry,
  { recommends, capped }: { recommends: boolean; capped: boolean },
): ReviewOffer[] {
  const { findings, due, documented } = table;
  const some = (hold: (finding: ReviewEntry['findings'][number]) => boolean) => findings.some(hold);
  const recommended = some(({ recommendation, status }) => recommendation?.status === 'open' && status === 'open');
  const offers: [ReviewOffer, boolean][] = [
    ['answerFinding', some(({ status }) => status !== 'dismissed')],
    ['dismissFinding', some(({ status }) => status !== 'dismissed')],
    ['reopenFinding', some(({ status }) => status !== 'open')],
    ['requestRecommendations', recommends && openIn(table).length > 0],
    ['acceptRecommendation', recommended],
    ['rejectRecommendation', recommended],
    ['incorporate', openIn(table).length === 0 && !due && !capped],
    ['reviewAgain', (due || documented) && !capped],
    ['resolveCap', capped],
    ['proceed', true],
  ];
  return offers.filter(([, offered]) => offered).map(([name]) => name);
}
