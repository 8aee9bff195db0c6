import { z } from 'zod';
import type { CompanionVerdict } from '../contracts/reading.ts';

const Comment = z
  .object({
    body: z.string().optional(),
    text: z.string().optional(),
    quotedSource: z.string().optional(),
    quote: z.string().optional(),
    anchorId: z.string().optional(),
  })
  .transform(({ body, text, quotedSource, quote }) => ({ quote: quotedSource ?? quote, text: body ?? text ?? '' }));

/** What a companion answers. */
export const Review = z.object({
  rating: z.number().min(0).max(1),
  summary: z.string().max(10_000).optional(),
  comments: z.array(Comment).max(200).default([]),
});
export type Review = z.output<typeof Review>;

/** The first comments send the work back whatever its rating, because early rework is cheap. */
export function judgeReview(
  { rating, summary, comments }: Review,
  { threshold, reworks, summary: jobSummary }: { threshold: number; reworks: number; summary: string },
): CompanionVerdict {
  const passed = rating >= threshold && !(reworks === 0 && comments.length > 0);
  const remarks = comments.map(({ quote, text }) => (quote ? `> ${quote}\n${text}` : text));
  return { rating, threshold, passed, feedback: [summary ?? jobSummary, ...remarks].filter(Boolean).join('\n\n') };
}
