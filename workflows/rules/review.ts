import { z } from 'zod';
import type { Fact, Facts } from '../contracts/facts.ts';
import type { ActionName, HumanAction } from '../contracts/messages.ts';
import type { Policy } from '../contracts/policy.ts';
import type { Finding, ReviewEntry } from '../contracts/reading.ts';

const CATEGORIES = ['gap', 'clarification', 'assumption', 'risk', 'question'] as const;
const SEVERITIES = ['low', 'medium', 'high'] as const;
/** The maximum number of findings that are kept of one review, the most severe first, and the length of a detail that replaces a missing title. */
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
 * What a reviewer found, the most severe first, or nothing when its answer cannot be understood. An empty list is an answer; an
 * answer without a list is none.
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

/** What a recommender answers, for the findings that it names. */
export const readRecommendations = (output: unknown): z.output<typeof Recommended>[] =>
  listOf(Recommended).safeParse(fromText(output)).data ?? [];

/** Models put JSON into prose and fences, so it is read from the first bracket to the last. */
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

/** The findings that are not dismissed. */
const outstanding = ({ findings }: ReviewEntry) => findings.filter(({ status }) => status !== 'dismissed');

/** Whether a review leaves no finding that is more severe than tolerated. */
export const converged = (review: ReviewEntry, tolerated: Policy['concernAllowed']): boolean =>
  !review.due && outstanding(review).every(({ severity }) => rank(severity) <= rank(tolerated));

export const capReached = ({ iteration, max, due }: ReviewEntry): boolean => !due && iteration >= max;

/** Takes over a review's findings. Earlier ones that people have answered or dismissed stay. */
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

const EDITS: { [Kind in Edit['kind']]: (finding: Finding, edit: Extract<Edit, { kind: Kind }>) => void } = {
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

/** Applies what a person did to one finding. */
export function editFinding(review: ReviewEntry, action: Edit): void {
  const finding = review.findings.find(({ id }) => id === action.finding);
  if (finding) (EDITS[action.kind] as (finding: Finding, edit: Edit) => void)(finding, action);
}

/** Why an edit is impossible: its finding never existed, or is settled already. */
export function wrongEdit(review: ReviewEntry, action: Edit): { code: 'invalid' | 'stale'; because: Fact } | undefined {
  const finding = review.findings.find(({ id }) => id === action.finding);
  if (!finding) {
    const number = Number(/^f-(\d+)$/.exec(action.finding)?.[1]);
    return number >= 1 && number <= review.issued
      ? { code: 'stale', because: { fact: 'findingSettled', finding: action.finding } }
      : { code: 'invalid', because: { fact: 'findingUnknown', finding: action.finding, known: idsOf(review) } };
  }
  const { status, recommendation } = finding;
  const because =
    (action.kind === 'answerFinding' && status === 'dismissed' && 'dismissed') ||
    (action.kind === 'dismissFinding' && status === 'dismissed' && 'dismissed-already') ||
    (action.kind === 'reopenFinding' && status === 'open' && 'open') ||
    (action.kind.endsWith('Recommendation') && recommendation?.status !== 'open' && 'no-recommendation');
  if (!because) return undefined;
  return { code: 'stale', because: { fact: 'findingNotOpen', finding: action.finding, because } };
}

/** Findings that a request for recommendations names, and that never existed. */
export const unknownIds = (review: ReviewEntry, ids: readonly string[] = []): string[] =>
  ids.filter((id) => !review.findings.some((finding) => finding.id === id));

const idsOf = ({ findings }: ReviewEntry) => findings.map(({ id }) => id);

/** What the incorporator works into the text. Nothing when nobody answered anything. */
export function answersToIncorporate(
  { findings }: ReviewEntry,
  feedback: string | undefined,
): Pick<Facts['incorporateBrief'], 'answered' | 'dismissed' | 'feedback'> | undefined {
  const answered = findings.filter(({ status, reply }) => status === 'answered' && reply?.trim());
  if (answered.length === 0 && !feedback) return undefined;
  return { answered, dismissed: findings.filter(({ status }) => status === 'dismissed'), feedback };
}

/** Records a new document: the answers in it are settled, and it must be reviewed again. */
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
