import { z } from 'zod';
import type { MergeabilityReport } from '../contracts/activities.ts';
import type { Failing, Verdict } from '../contracts/outcome.ts';
import { escalate } from './escalate.ts';
import { defineGate } from './gate.ts';

/** The change must merge cleanly into its base; a conflict sends the resolver. */
export const conflicts = defineGate({
  kind: 'conflicts',
  options: z.object({
    /** How many times to send the `conflict-resolver`. None: `conflictAttempts` of the policy. */
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
      brief: (files) => briefOfConflicts(base, files),
      attempts: ctx.options.attempts ?? ctx.policy.conflictAttempts,
      waitingOn: 'forge',
      detail: `Whether ${branch} merges into ${base}`,
      exhausted: {
        notice: 'conflicts_failed',
        hint: `Merge ${base} into ${branch} by hand, then retry the run.`,
      },
    });
  },
});

function judgeMergeability(report: MergeabilityReport): Verdict {
  if (report.is === 'nothing') return { pass: true, note: 'There is no change to merge.' };
  if (report.is === 'mergeable') return { pass: true, note: 'It merges cleanly.' };
  const failing = report.files.map((name) => ({ name, conclusion: 'conflict' }));
  return { pass: false, reason: `Conflicts with the base in ${report.files.join(', ')}.`, head: report.head, failing };
}

export const briefOfConflicts = (base: string, files: readonly Pick<Failing, 'name'>[]) =>
  [
    `The merge of ${base} into the work branch stands in conflict. Resolve these files, and git add or git rm those that are to stay as they are; the merge is committed for you:`,
    ...files.map(({ name }) => `- ${name}`),
  ].join('\n');
