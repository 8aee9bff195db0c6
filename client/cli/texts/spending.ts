/** What an agent has used. Without a cost, it is not known what that cost. */
interface Used {
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  costCents?: number | undefined;
}

const CENTS_PER_DOLLAR = 100;
/** Less than this is shown with more digits, in cents. */
const LITTLE = 100;

/** What was used, for people, such as `12,340 tokens in, 560 tokens out, $0.0421`. */
export function spentWords(used: Used | undefined): string {
  const { inputTokens, outputTokens, costCents } = used ?? {};
  if (inputTokens === undefined && outputTokens === undefined && costCents === undefined) return 'unknown';
  return [
    inputTokens !== undefined && `${counted(inputTokens)} tokens in`,
    outputTokens !== undefined && `${counted(outputTokens)} tokens out`,
    costCents === undefined ? 'cost unknown' : dollars(costCents),
  ]
    .filter(Boolean)
    .join(', ');
}

/** What a run's jobs have used in all. Tokens without any cost are those of a model without a price. */
export function totalWords(total: Required<Used> & { unknown: number }): string {
  const { inputTokens, outputTokens, costCents, unknown } = total as Record<keyof typeof total, number>;
  const isPriced = costCents > 0 || (inputTokens === 0 && outputTokens === 0 && unknown === 0);
  const words = spentWords({ inputTokens, outputTokens, costCents: isPriced ? costCents : undefined });
  return unknown === 0 || !isPriced
    ? words
    : `${words}, and the unknown cost of ${unknown} ${unknown === 1 ? 'job' : 'jobs'}`;
}

const counted = (count: number): string => count.toLocaleString('en-US');
const dollars = (cents: number): string => `$${(cents / CENTS_PER_DOLLAR).toFixed(cents < LITTLE ? 4 : 2)}`;
