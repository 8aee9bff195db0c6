import { z } from 'zod';
import type { MergeabilityReport } from '../contracts/activities.ts';
import type { Verdict } from '../contracts/outcome.ts';
import { escalate } from './escalate.ts';
import { defineGate } from './gate.ts';

/** The change must merge cleanly into its base; a conflict sends the resolver. */
export const conflicts = defineGate({
  kind: 'conflicts',
  options: z.object({
    /** How many times to send the `conflict-resolver`. Default: `conflictAttempts` of the policy. */
    attempts: z.number().int().min(0).max(1_000).optional(),
  }),
  roles: ['conflict-resolver'],
  uses: ['base'],
  takes: {},

  run(ctx) {
    const { branch, base } = ctx.change();
    return escalate(ctx, {
      probe: async (view) => judgeMergeability(await ctx.base.mergeability(view)),
      helper: 'conflict-resolver',
      mode: 'resolve',
      brief: (files) => ({ fact: 'resolveBrief', base, files: files.map(({ name }) => name) }),
      attempts: ctx.options.attempts ?? ctx.policy.conflictAttempts,
      waitingOn: 'forge',
      detail: { fact: 'whetherItMerges', branch, base },
      exhausted: {
        notice: 'conflicts_failed',
        hint: { fact: 'conflictsHint', branch, base },
      },
    });
  },
});

function judgeMergeability(report: MergeabilityReport): Verdict {
  if (report.is === 'nothing') return { pass: true, note: { fact: 'nothingToMerge' } };
  if (report.is === 'mergeable') return { pass: true, note: { fact: 'mergesCleanly' } };
  const failing = report.files.map((name) => ({ name, conclusion: 'conflict' }));
  return { pass: false, reason: { fact: 'conflictsIn', files: report.files }, head: report.head, failing };
}
