import { execFileSync } from 'node:child_process';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { gitForge } from '../../../../activities/adapters/local/git-forge/index.ts';
import { changeActivities } from '../../../../activities/changes.ts';
import { never } from '../../../../client/offline/world.ts';
import type { ChangeReport } from '../../../../workflows/contracts/activities.ts';
import { bytesOf } from '../../../../workflows/rules/bytes.ts';
import { completed, ready, wish } from '../../../support/builders.ts';
import { until } from '../../../support/until.ts';
import { clusterWith, startRun } from '../../../support/world.ts';
import { stateIn } from '../../../support/state/databases.ts';

jest.setTimeout(300_000);

const MANY = 25_000;
let home: string;
beforeEach(async () => (home = await realpath(await mkdtemp(path.join(tmpdir(), 'gatehouse-many-commits-')))));
afterEach(() => rm(home, { recursive: true, force: true }));

/** A history for git fast-import: one commit by the first writer, the others by a second one, all with long names. */
const historyOf = (branch: string, from: string) =>
  Array.from({ length: MANY }, (_, n) => {
    const writer = n === 0 ? 'Eve <eve@x.example>' : `Bo ${'b'.repeat(300)} <bo@x.example>`;
    const message = `commit ${n}\n\nCo-authored-by: Cy ${'c'.repeat(300)} <cy@x.example>\n`;
    const first = n === 0 ? `from ${from}\nM 100644 inline many.txt\ndata 5\nmany\n\n` : '';
    return `commit refs/heads/${branch}\ncommitter ${writer} ${1_700_000_000 + n} +0000\ndata ${message.length}\n${message}${first}\n`;
  }).join('');

it(`${MANY} commits by others are reported in one answer, and approval of the old head is refused`, async () => {
  const shop = path.join(home, 'shop');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@x.example', ...args], {
      ...{ cwd: home, encoding: 'utf8' },
    }).trim();
  git('init', '--quiet', '--initial-branch', 'main', shop);
  await writeFile(path.join(shop, '.gatehouse.yml'), 'agents: { default: "true" }\n');
  git('-C', shop, 'add', '--all');
  git('-C', shop, 'commit', '--quiet', '-m', 'first');
  const basis = git('-C', shop, 'rev-parse', 'HEAD');
  const change = { ...ready.change, repository: shop, basis };
  const forge = gitForge({
    root: path.join(home, 'data'),
    environment: process.env,
    state: stateIn(path.join(home, 'data')),
  });
  const made = await forge.commitFiles(change, { files: { 'b.txt': 'b\n' }, message: 'work' });
  const known = (made as { head: string }).head;
  await forge.look(change, known);

  let arrived = false;
  const reports: ChangeReport[] = [];
  const { changeMoved } = changeActivities({ forge }, { lookMs: 1_000, pace: (ms) => ms });
  const cluster = clusterWith({
    examine: () => ({ ...ready, change, environments: false }),
    runJob: () => completed({ head: known }),
    lookAtChange: ({ known: head }) => ({ state: 'open', head, baseHead: basis, foreign: [] }),
    changeMoved: async (question) => {
      if (!arrived || reports.length > 0) return never();
      const look = await changeMoved(question);
      reports.push(look);
      return look;
    },
  });
  const run = await startRun(cluster, { ...wish({ kind: 'coder' }, { kind: 'human-test' }) });
  expect(await run.query('run')).toMatchObject({ change: { head: known }, current: { visit: '2-human-test#1' } });

  execFileSync('git', ['-C', shop, 'fast-import', '--quiet'], { input: historyOf(change.branch, known) });
  arrived = true;
  await run.signal('hint', { about: 'change' });
  await until('the report of them', async () => reports.length > 0);
  await cluster.settle();
  const head = git('-C', shop, 'rev-parse', change.branch);
  expect(reports).toMatchObject([{ state: 'open', head }]);
  expect(reports[0]!.foreign).toHaveLength(200);
  expect(reports[0]!.foreign[0]!.author).toBe('Eve');
  expect(reports[0]!.foreign.at(-1)!.commit).toBe(head);
  expect(bytesOf(reports[0])).toBeLessThan(200_000);

  expect(await run.query('run')).toMatchObject({ change: { head }, current: { visit: '2-human-test#2' } });
  for (const stale of [{ head: known }, { visit: '2-human-test#1' }]) {
    expect(await run.update('confirm', stale)).toMatchObject({ refused: { code: 'stale', head } });
  }
  expect(await run.update('confirm', { head })).toMatchObject({ ok: {} });
  await forge.close();
});
