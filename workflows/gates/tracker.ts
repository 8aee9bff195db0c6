import { z } from 'zod';
import { passed } from '../contracts/outcome.ts';
import { defineGate } from './gate.ts';

/** Files what was analysed as an issue. A tracker that is not there, or refuses, is noted, and holds nobody up. */
export const tracker = defineGate({
  kind: 'tracker',
  options: z.object({}),
  roles: [],
  uses: ['tracker'],
  takes: { when: true },

  async run(ctx) {
    const analysis = ctx
      .steps()
      .findLast(({ kind, step, state }) => kind === 'analysis' && step < ctx.step.step && state === 'done');
    const body = analysis?.summary ?? ctx.description();
    const view = { phase: 'working', waitingOn: 'forge', detail: 'The issue is being filed' } as const;
    const end = await ctx.attempt(view, () => ctx.tracker.file({ title: `Tech debt: ${ctx.title()}`, body }));

    if (end.is !== 'done')
      return passed(`No issue was filed: ${end.is === 'failed' ? end.because : 'it was called off'}`);
    if (!end.value) return passed('No issue was filed: there is no tracker.');
    const { id, url } = end.value;
    await ctx.keep(ctx.step, { summary: `Filed as ${id}${url ? `: ${url}` : ''}`, output: end.value });
    return passed(`Filed as ${id}.`);
  },
});
