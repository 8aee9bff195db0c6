import { z } from 'zod';
import { failed, passed } from '../contracts/outcome.ts';
import { defineGate } from './gate.ts';

/** Brings up the environment of the change, which later steps are given, and waits until it is there. */
export const deployer = defineGate({
  kind: 'deployer',
  options: z.object({}),
  roles: [],
  uses: ['environment'],
  takes: { when: true },
  needs: 'environment',

  async run(ctx) {
    const head = ctx.head();
    if (head === undefined) return passed('There is no change to deploy.');
    await ctx.environment.build({
      phase: 'provisioning',
      waitingOn: 'environment',
      detail: `The environment for ${head.slice(0, 8)} is being made`,
    });
    const environment = ctx.environment.current();
    const because = environment?.because ?? 'no reason given';
    switch (environment?.status) {
      case 'live': {
        const until = environment.expiresAt ? `, until ${environment.expiresAt}` : '';
        const note = `${head.slice(0, 8)} is live at ${environment.url}${until}.`;
        await ctx.keep(ctx.step, { summary: note });
        return passed(note);
      }
      case 'provisioning':
        return failed('timeout', `The environment is not up in time: ${because}`, {
          hint: 'Raise provisionSeconds, or mend what makes it slow, then retry the run.',
        });
      default:
        return failed('job_failed', `The environment could not be made: ${because}`, {
          hint: 'Mend the environment’s command or the change, then retry the run.',
        });
    }
  },
});
