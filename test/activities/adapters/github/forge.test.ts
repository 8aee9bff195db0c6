import { githubForgeRig } from '../../../support/github/forge-rig.ts';
import { forgeContract } from '../forge-contract.ts';

forgeContract('GitHub', githubForgeRig);

describe('a base with a merge queue', () => {
  let rig: Awaited<ReturnType<typeof githubForgeRig>>;
  beforeEach(async () => void (rig = await githubForgeRig()));
  afterEach(() => rig.dispose());

  it('takes a change, and gives it back with the reason of the queue', async () => {
    const { forge, shop, repository } = rig;
    const found = await forge.examine({ repository, branch: 'work', branchGiven: false });
    if (found.is !== 'found') throw new Error(JSON.stringify(found));
    const { change } = found;
    await forge.claim(change, { workflowId: 'w', runId: 'r' }, async () => true);
    const head = await rig.commitOurs(change, { 'b.txt': 'b' });
    await forge.ensurePullRequest(change, { title: 't', body: '' });
    shop.rules.set('main', [{ type: 'merge_queue' }]);
    const merge = () => forge.merge(change, { head, baseHead: change.basis, message: 'Merge it' });
    const url = `${repository}/pull/1`;
    const settled = async () => {
      for (;;) {
        const report = await merge();
        if (report.is !== 'waiting' || report.for === 'queue') return report;
      }
    };
    expect(await settled()).toMatchObject({ is: 'waiting', for: 'queue', url });
    expect(await merge()).toMatchObject({ is: 'waiting', for: 'queue' });
    delete shop.pulls[0]!.queue;
    shop.pulls[0]!.removed = 'failed_checks';
    expect(await merge()).toMatchObject({
      is: 'unchecked',
      because: expect.stringContaining('(failed_checks)') as unknown,
    });
    expect(rig.stub.merges).toEqual([]);
  });
});
