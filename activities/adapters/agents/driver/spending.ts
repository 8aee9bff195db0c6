import type { Spent } from '../conversation.ts';
import type { Price } from './drive.ts';

/** What a job has used, as results report it. */
export interface Usage {
  inputTokens?: number;
  outputTokens?: number;
  costCents?: number;
}

const CENTS_PER_DOLLAR = 100;
const TOKENS = 1_000_000;
/** Costs are reported in millionths of a cent. */
const PARTS = 1_000_000;

/**
 * The usage of a session. Its cost is what the program reports, or else what its tokens cost at the price of its model. A
 * reported cost of 0 is the cost of a model without a known price. Undefined if nothing is known.
 */
export function usageOf(spent: Spent | undefined, model: string | undefined, prices: Prices): Usage | undefined {
  const { inputTokens, outputTokens } = spent ?? {};
  const costCents = positive(spent?.costCents) ?? costOf(spent ?? {}, priceOf(model, prices));
  const usage = {
    ...(isCount(inputTokens) && { inputTokens }),
    ...(isCount(outputTokens) && { outputTokens }),
    ...(costCents !== undefined && { costCents: Math.round(costCents * PARTS) / PARTS }),
  };
  return Object.keys(usage).length > 0 ? usage : undefined;
}
type Prices = Readonly<Record<string, Price>>;

function costOf(spent: Spent, price: Price | undefined): number | undefined {
  const { inputTokens, cachedInputTokens = 0, outputTokens } = spent;
  if (!price || !isCount(inputTokens) || !isCount(outputTokens)) return undefined;
  const cached = Math.min(Math.max(0, cachedInputTokens), inputTokens);
  const dollars =
    ((inputTokens - cached) * price.input + cached * (price.cachedInput ?? price.input) + outputTokens * price.output) /
    TOKENS;
  return dollars * CENTS_PER_DOLLAR;
}

/** Models are written with or without their provider: `openai/gpt-5-codex`. */
function priceOf(model: string | undefined, prices: Prices): Price | undefined {
  const names = model === undefined ? [] : [model, model.slice(model.lastIndexOf('/') + 1)];
  const name = names.find((each) => Object.hasOwn(prices, each));
  return name === undefined ? undefined : prices[name];
}

const isCount = (value: number | undefined): value is number =>
  value !== undefined && Number.isFinite(value) && value >= 0;
const positive = (value: number | undefined) => (isCount(value) && value > 0 ? value : undefined);
