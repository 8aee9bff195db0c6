import type { JobReport } from '../../../workflows/contracts/activities.ts';
import { commandJob } from '../../support/builders.ts';
import { InMemoryEnvironments } from '../../support/in-memory/environments.ts';
import { InMemoryExecutor } from '../../support/in-memory/executor.ts';
import { InMemoryForge } from '../../support/in-memory/forge.ts';
import { environmentsContract } from './environments-contract.ts';
import { executorContract } from './executor-contract.ts';
import { forgeContract } from './forge-contract.ts';

const notNowFor = (ms: number): JobReport => {
  return { is: 'notNow', because: 'usage limit reached', until: new Date(Date.now() + ms).toISOString() };
};
const dispose = async () => undefined;
const change = { repository: '/memory', base: 'main', branch: 'work', basis: 'b'.repeat(40) };

forgeContract('the in-memory one', async () => {
  const forge = new InMemoryForge('/memory', { 'a.txt': 'a' }, { good: (files) => !('bad.txt' in files) });
  return {
    forge,
    repository: '/memory',
    commit: async (branch, files) => forge.commit(branch, files),
    commitOurs: async ({ branch }, files) => forge.commit(branch, files, { author: 'gatehouse', ours: true }),
    headOf: async (branch) => forge.branches.get(branch),
    isAncestor: async (older, newer) => forge.commits.isAncestor(older, newer),
    deleteBranch: async (branch) => void forge.branches.delete(branch),
    checksBegun: async () => forge.begun.length,
    dispose,
  };
});

executorContract('the in-memory one', async () => {
  const done: JobReport = { is: 'completed', summary: 'done', changed: false, foreign: [] };
  const executor = new InMemoryExecutor(
    async ({ brief }) =>
      brief === 'endless' ? new Promise(() => undefined) : brief === 'not-now' ? notNowFor(2_000) : done,
    ['coder'],
  );
  return {
    open: () => executor,
    job: async (brief, over) => commandJob('/memory', change.basis, { brief, ...over }),
    withCoderOnly: async () => change,
    begun: async () => executor.begun.length,
    dispose,
  };
});

environmentsContract('in memory', async () => ({
  environments: new InMemoryEnvironments(),
  request: { key: 'env/default/T-1/1', change, head: change.basis, task: { id: 'T-1', title: 't', type: 'feature' } },
  dispose,
}));
