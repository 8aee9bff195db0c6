import { z } from 'zod';
import type { Text } from '../../contracts/facts.ts';
import type { MergeReport } from '../../contracts/activities.ts';
import type { GateEnd } from '../gate.ts';
import { reopen, takeBase, type Context } from './reopening.ts';

/** How a merge ended. `again`: head or base has moved, so the change is judged again. */
export type Merged = { is: 'ended'; end: GateEnd } | { is: 'again' } | { is: 'refused'; because: string };

/** What is to be merged, and who wants it, if a person decided. */
const Merge = z.strictObject({
  baseHead: z.string(),
  commit: z.string().optional(),
  yes: z.strictObject({ by: z.string().optional() }).optional(),
});
type Merge = z.output<typeof Merge>;

/** A merge that the forge makes wait for reviews. An execution that takes over the run waits on. */
export const Waits = Merge.extend({
  head: z.string(),
  wait: z.strictObject({ for: z.enum(['reviews', 'queue']), because: z.string(), url: z.string().optional() }),
});
export type Waits = z.output<typeof Waits>;

type Wait = Waits['wait'];

/** Merges the head, as soon as the forge does it. */
export async function merge(ctx: Context, { baseHead, commit, yes }: Merge): Promise<Merged> {
  const head = ctx.head()!;
  ctx.show({ phase: 'merging', waitingOn: 'forge', detail: { fact: 'merging', head, base: ctx.change().base } });
  const wanted = { head, baseHead, ...(commit && { commit }), ...(yes && { yes }) };
  return settle(ctx, wanted, await ctx.base.merge(expectedOf(wanted)));
}

/** Waits on with a merge that the forge makes wait. */
export async function awaitMerge(ctx: Context, { wait, ...wanted }: Waits): Promise<Merged> {
  return settle(ctx, wanted, { is: 'waiting', ...wait });
}

type Wanted = Omit<Waits, 'wait'>;

const expectedOf = ({ head, baseHead, commit }: Wanted) => ({ head, baseHead, ...(commit && { commit }) });

/** What follows from the forge's answer to a merge. Every way back counts as one that a moved base causes. */
async function settle(ctx: Context, wanted: Wanted, first: MergeReport): Promise<Merged> {
  let report = first;
  while (report.is === 'waiting') {
    const { is, ...wait } = report;
    void is;
    const next = wait.for === 'queue' ? await queued(ctx, wanted, wait) : await reviewed(ctx, wanted, wait);
    if ('end' in next) return next;
    report = next;
  }
  switch (report.is) {
    case 'merged':
      if (report.note !== undefined) ctx.notice('merge_note', report.note);
      return ended(merged(report.mergeCommit, wanted));
    case 'moved':
      return { is: 'again' };
    case 'conflicted': {
      const conflict: Text = { fact: 'mergeConflicts', files: report.files };
      const back = ctx.base.mayTake() ? reopen(ctx, 'conflicts', conflict) : undefined;
      return back ? ended(back) : refused(ctx, { fact: 'mergedIntoConflict', files: report.files });
    }
    case 'behind': {
      const { back, against } = await takeBase(ctx, { fact: 'mergeBehind', because: report.because });
      if (against) return refused(ctx, against);
      return back ? ended(back) : { is: 'again' };
    }
    case 'unchecked': {
      const because: Text = { fact: 'mergeUnchecked', because: report.because };
      const back = ctx.base.mayTake() ? reopen(ctx, 'ci', because) : undefined;
      return back ? ended(back) : refused(ctx, because);
    }
    case 'refused':
      return refused(ctx, { fact: 'mergeRefused', because: report.because });
  }
}

/** Waits in the forge's merge queue. */
async function queued(ctx: Context, wanted: Wanted, wait: Wait): Promise<MergeReport> {
  const because: Text = { fact: 'mergeQueued', because: wait.because };
  ctx.show({ phase: 'merging', waitingOn: 'forge', detail: because, because });
  return ctx.base.merge(expectedOf(wanted), wait);
}

/** Waits for the reviews that the forge demands. They are given there; here, a person can only give the merge up. */
async function reviewed(
  ctx: Context,
  wanted: Wanted,
  wait: Wait,
): Promise<MergeReport | { is: 'ended'; end: GateEnd }> {
  const because: Text = { fact: 'mergeAwaitsReviews', because: wait.because, url: wait.url };
  const ask = () => ({ phase: 'merging', waitingOn: 'forge', detail: because, because, offers: ['reject'] }) as const;
  const answer = await ctx.park<'reject', MergeReport>(ask, undefined, {
    kept: { waits: { ...wanted, wait } satisfies Waits },
    until: () => ctx.base.merge(expectedOf(wanted), wait),
  });
  switch (answer.kind) {
    case 'settled':
      return answer.value;
    case 'moved':
      return { is: 'moved', baseHead: wanted.baseHead };
    case 'reject': {
      const reason: Text = { fact: 'mergeRejectedBy', by: answer.by, reason: answer.reason };
      return { is: 'ended', end: { is: 'rejected', type: 'rejected', reason } };
    }
  }
}

const merged = (mergeCommit: string, { yes }: Wanted): GateEnd => ({
  is: 'merged',
  mergeCommit,
  note: { fact: 'merged', decided: yes ? 'by-person' : 'by-policy', by: yes?.by },
});

const ended = (end: GateEnd): Merged => ({ is: 'ended', end });

const refused = (ctx: Context, because: Text): Merged => ({ is: 'refused', because: ctx.inWords(because) });
