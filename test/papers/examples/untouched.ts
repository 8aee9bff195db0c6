import { z } from 'zod';
import { failed, passed } from '../../../workflows/contracts/outcome.ts';
import { defineGate } from '../../../workflows/gates/gate.ts';

/** Passes a change that leaves some paths alone. */
export const untouched = defineGate({
  kind: 'untouched',
  options: z.object({
    /** Globs of the paths. */
    paths: z.array(z.string().min(1)).min(1),
  }),
  roles: [],
  takes: { when: true },
  uses: ['activities'],

  async run(ctx) {
    const question = { change: ctx.change(), head: ctx.head() ?? ctx.change().basis, globs: ctx.options.paths };
    const view = { phase: 'probing', waitingOn: 'forge', detail: { fact: 'checkingChange' } } as const;
    const touched = await ctx.poll('change', view, () => ctx.activities.protectedPaths(question));
    return touched.length === 0
      ? passed({ fact: 'done' })
      : failed('rejected', { fact: 'protectedPathsTouched', paths: touched });
  },
});
