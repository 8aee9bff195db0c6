import { jest } from '@jest/globals';
import { changeActivities } from '../../activities/changes.ts';
import { InMemoryForge } from '../support/in-memory/forge.ts';
import { change, completed, green, wish } from '../support/builders.ts';
import type { World } from '../support/sandbox.ts';
import { clusterWith, goodWork, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const STEPS = ['coder', 'human-test', 'ci', 'merger'];
const BRANCH = change.branch;

/**
 * A run on a forge with real ancestry, whose branch people move freely. Checks, and polls of the branch while parked, wait
 * for the test.
 */
async function play(steps = STEPS, over: (forge: InMemoryForge) => World = () => ({})) {
  const forge = new InMemoryForge(change.repository, { 'a.txt': 'a' });
  const own = { ...change, basis: forge.branches.get('main')! };
  const { lookAtChange, settledMergeability, merge } = changeActivities({ forge }, { lookMs: 1, pace: () => 1 });
  const looks: (() => Promise<void>)[] = [];
  const doors: (() => void)[] = [];
  let holdsChecks = false;
  const cluster = clusterWith({
    examine: () => ({ is: 'ready', change: own, environments: false, checksGraceSeconds: 0 }),
    runJob(job) {
      if (job.mode === 'read') return { ...(goodWork(job) as object), head: forge.branches.get(BRANCH) } as never;
      return completed({ head: forge.commit(BRANCH, { [`${job.role}.txt`]: job.key }, { ours: true }) });
    },
    lookAtChange,
    settledMergeability,
    merge,
    changeMoved: (question) =>
      new Promise((resolve) => {
        looks.push(async () => {
          const look = await lookAtChange(question);
          if (look.head !== question.known) resolve(look);
        });
      }),
    async settledChecks({ change: asked, known }) {
      if (holdsChecks) await new Promise<void>((open) => doors.push(open));
      const { head, foreign, descends } = await lookAtChange({ change: asked, known });
      return { ...green(head), foreign, ...(descends === false && { descends }) };
    },
    ...over(forge),
  });
  const pipeline = steps.map((kind) => ({ kind }));
  const run = await startRun(cluster, wish(...pipeline));
  return {
    forge,
    run,
    visit: async () => (await run.query('run')).current?.visit as string | undefined,
    because: async () => (await run.query('run')).current?.because as string | undefined,
    head: () => forge.branches.get(BRANCH)!,
    set: (commit: string) => void forge.branches.set(BRANCH, commit),
    async look() {
      await looks.at(-1)!();
      await cluster.settle();
    },
    holdChecks: () => void (holdsChecks = true),
    async checksEnd() {
      holdsChecks = false;
      for (const open of doors.splice(0)) open();
      await cluster.settle();
    },
  };
}

it('a confirmation of a helper’s commit does not cover the foreign commit below it, if the branch is reset to that during ci', async () => {
  const { forge, run, look, visit, because, set, holdChecks, checksEnd } = await play();
  const theirs = forge.commit(BRANCH, { 'b.txt': 'F1' });
  await look();
  expect(await visit()).toBe('2-human-test#2');
  await run.update('requestFix', { findings: 'It lacks a test.' });
  expect(await visit()).toBe('2-human-test#3');
  holdChecks();
  expect(await run.update('confirm', { by: 'ana' })).toMatchObject({ ok: {} });
  set(theirs);
  await checksEnd();
  expect(await visit()).toBe('2-human-test#4');
  expect(await because()).toContain(theirs.slice(0, 8));
  await run.update('confirm', { by: 'ana' });
  expect(run.closed).toMatchObject({ result: { outcome: 'merged', head: theirs } });
});

it('a branch that is reset to an older commit of ours is confirmed again, unless that commit was confirmed before', async () => {
  const { run, visit, head, set, holdChecks, checksEnd } = await play();
  const first = head();
  await run.update('requestFix', { findings: 'It lacks a test.' });
  const second = head();
  holdChecks();
  await run.update('confirm', { by: 'ana' });
  set(first);
  await checksEnd();
  expect(await visit()).toBe('2-human-test#3');

  holdChecks();
  await run.update('confirm', { by: 'ana' });
  set(second);
  set(first);
  await checksEnd();
  expect(run.closed).toMatchObject({ result: { outcome: 'merged', head: first } });
});

it('a companion’s verdict is about the head that it was given, not about commits that arrive while it rates', async () => {
  const graded: unknown[] = [];
  const { run, visit } = await play(['coder', 'reviewer', 'human-test', 'merger'], (forge) => ({
    runJob(job) {
      const known = job.change.head;
      if (job.role === 'coder') return completed({ head: forge.commit(BRANCH, { 'c.txt': 'c' }, { ours: true }) });
      if (job.role === 'reviewer') graded.push(known);
      const commit = graded.length === 1 && job.role === 'reviewer' ? forge.commit(BRANCH, { 'b.txt': 'F1' }) : known;
      const foreign = commit === known ? [] : [{ commit: commit!, author: 'Bo', email: 'bo@shop.example' }];
      return { ...(goodWork(job) as object), head: commit, foreign } as never;
    },
  }));
  expect(graded).toHaveLength(2);
  expect(new Set(graded).size).toBe(2);
  expect(await visit()).toBe('3-human-test#1');
  await run.update('confirm');
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
});

it('a merge approval is about the head that was shown, not about commits that arrive before the merge', async () => {
  const { forge, run, visit, because, head } = await play(['coder', 'merger'], () => ({ protectedPaths: () => ['x'] }));
  expect(await visit()).toBe('2-merger#1');
  const theirs = forge.commit(BRANCH, { 'b.txt': 'F1' });
  await run.update('merge', { by: 'ana' });
  expect(await visit()).toBe('2-merger#2');
  expect(await because()).toContain(theirs.slice(0, 8));
  expect(head()).toBe(theirs);
  await run.update('merge', { by: 'ana' });
  expect(run.closed).toMatchObject({ result: { outcome: 'merged', head: theirs } });
});
