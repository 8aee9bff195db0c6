import { z } from 'zod';
import { passed } from '../contracts/outcome.ts';
import { defineGate } from './gate.ts';

/** Files the analysis as an issue. A missing tracker, or one that refuses, is noted and never holds up the run. */
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
    const view = { phase: 'working', waitingOn: 'forge', detail: { fact: 'filingIssue' } } as const;
    const title = ctx.inWords({ fact: 'issueTitle', title: ctx.title() });
    const end = await ctx.attempt(view, () => ctx.tracker.file({ title, body }));

    if (end.is === 'failed') return passed({ fact: 'noIssueFiled', because: 'refused', refusal: end.because });
    if (end.is === 'called-off') return passed({ fact: 'noIssueFiled', because: 'called-off' });
    if (!end.value) return passed({ fact: 'noIssueFiled', because: 'no-tracker' });
    const { id, url } = end.value;
    await ctx.keep(ctx.step, { summary: { fact: 'filedAs', id, url }, output: end.value });
    return passed({ fact: 'filedAs', id });
  },
});
