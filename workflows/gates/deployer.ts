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
    if (head === undefined) return passed({ fact: 'nothingToDeploy' });
    await ctx.environment.build({
      phase: 'provisioning',
      waitingOn: 'environment',
      detail: { fact: 'environmentBuilding', head },
    });
    const environment = ctx.environment.current();
    const because = environment?.because;
    switch (environment?.status) {
      case 'live': {
        const { url, expiresAt } = environment;
        const note = { fact: 'environmentLive', head, url, expiresAt } as const;
        await ctx.keep(ctx.step, { summary: note });
        return passed(note);
      }
      case 'provisioning':
        return failed('timeout', { fact: 'environmentLate', because }, { hint: { fact: 'environmentLateHint' } });
      default:
        return failed(
          'job_failed',
          { fact: 'environmentNotBuilt', because },
          { hint: { fact: 'environmentNotBuiltHint' } },
        );
    }
  },
});
