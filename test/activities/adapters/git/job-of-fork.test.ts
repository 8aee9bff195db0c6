import { prepare } from '../../../../activities/adapters/git/settling/job-checkout.ts';
import { commandJob } from '../../../support/builders.ts';

it.each([
  [true, 'looked-at'],
  [undefined, 'newest'],
])('a job on a change whose fork is %s begins at the head %s', async (fork, start) => {
  const made: unknown[] = [];
  const workspace = {
    headOf: async (_: string, branch: string) => (branch === 'main' ? 'base' : 'newest'),
    checkout: async (...args: unknown[]) => void made.push(args),
  };
  const job = commandJob('/shop', 'base', { role: 'reviewer', mode: 'read' });
  const change = { ...job.change, base: 'main', branch: 'pull/1/head', head: 'looked-at', ...(fork && { fork }) };
  const begun = await prepare(workspace, { ...job, change }, '/tree');
  expect(begun).toEqual({ before: start, start, baseHead: 'base' });
  expect(made).toMatchObject([[job.change.repository, start, '/tree', { branch: 'pull/1/head', base: 'main' }]]);
});
