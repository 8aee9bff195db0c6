import { InMemoryForge } from '../../support/in-memory/forge.ts';
import { forgeContract } from './forge-contract.ts';

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
    dispose: async () => undefined,
  };
});
