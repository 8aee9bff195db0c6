import { jest } from '@jest/globals';
import { change, green, HEAD, HEADS, ready, red, wish } from '../support/builders.ts';
import type { World } from '../support/sandbox.ts';
import { clusterWith, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const BASE = '9'.repeat(40);
const TESTED = '8'.repeat(40);
const AGAIN = '7'.repeat(40);

/** A base that moved while the change was made: the two together fail the checks until a fixer has run. */
function movedBase() {
  const asked: { head: string; baseHead: string; commit?: string }[] = [];
  const briefs: string[] = [];
  let head = HEAD;
  const world: World = {
    examine: () => ({ ...ready, environments: false, tested: 'merge-result' }),
    lookAtChange: () => ({ state: 'open', head, baseHead: BASE, foreign: [] }),
    settledMergeability: () => ({
      is: 'mergeable',
      head,
      baseHead: BASE,
      ...(head === HEAD && { behind: true }),
      foreign: [],
      state: 'open',
    }),
    settledChecks: () => (head === HEADS[1] ? red(head, 'test') : green(head)),
    settledMergeResult: () => ({ is: 'checked', commit: TESTED, checks: [{ name: 'test', conclusion: 'failure' }] }),
    updateFromBase: () => {
      head = HEADS[1]!;
      return { is: 'merged', head, foreign: [] };
    },
    merge: (question) => {
      asked.push(question as never);
      return { is: 'merged', mergeCommit: AGAIN, head: question.head };
    },
  };
  return { world, asked, briefs, mended: () => void (head = HEADS[2]!), headNow: () => head };
}

it('a change that passes alone and fails on the moved base is updated from the base, fixed and merged', async () => {
  const stage = movedBase();
  const cluster = clusterWith(stage.world);
  const good = cluster.world['runJob'] as (job: { role: string; brief: string }) => object;
  cluster.world['runJob'] = (job: { role: string; brief: string }) => {
    if (job.role === 'ci-fixer') {
      stage.briefs.push(job.brief);
      stage.mended();
    }
    return { ...good(job), head: stage.headNow() };
  };
  const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'ci' }, { kind: 'merger' }));
  expect(run.closed).toMatchObject({ result: { outcome: 'merged', mergeCommit: AGAIN } });
  expect(stage.briefs).toEqual([expect.stringContaining('## test: failure')]);
  expect(stage.asked).toMatchObject([{ head: HEADS[2], baseHead: BASE, change: { branch: change.branch } }]);
  expect(stage.asked[0]).not.toHaveProperty('commit');
  expect(await run.query('run')).toMatchObject({ policy: { tested: 'merge-result' } });
});

it('the base is moved to exactly the merge commit that was tested', async () => {
  const stage = movedBase();
  const cluster = clusterWith({
    ...stage.world,
    settledMergeResult: () => ({ is: 'checked', commit: TESTED, checks: [{ name: 'test', conclusion: 'success' }] }),
  });
  const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'ci' }, { kind: 'merger' }));
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  expect(stage.asked).toMatchObject([{ head: HEAD, baseHead: BASE, commit: TESTED }]);
});
