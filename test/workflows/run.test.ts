import { jest } from '@jest/globals';
import { wish } from '../support/builders.ts';
import { clusterWith, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

describe('the built-in human-review', () => {
  it('takes a change from its task to its merge', async () => {
    const cluster = clusterWith();
    const run = await startRun(cluster, { ...wish(), pipeline: 'human-review' });
    console.log(cluster.log, await cluster.executions.get('env/default/PAY-142')?.query('environment'));
    console.log((await run.metadata()).currentDetails);
    expect(await run.update('confirm', { by: 'ana', actionId: 'a-1' })).toEqual({
      ok: { actionId: 'a-1', visit: '3-human-test#1' },
    });
    console.log(JSON.stringify(run.closed, null, 1), cluster.log, run.upserts);
  });
});
