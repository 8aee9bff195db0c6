import { cp, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CheckRows } from '../../../../activities/adapters/checks/check-rows.ts';
import { outboxRows } from '../../../../activities/adapters/dispatching/outbox-rows.ts';
import { ChangeStore } from '../../../../activities/adapters/git/publishing/change-store.ts';
import { stateMeter } from '../../../../activities/adapters/local/meter.ts';
import { takeOver } from '../../../../activities/adapters/local/taking-over/index.ts';
import { JobRows } from '../../../../activities/adapters/local/command-executor/job-rows.ts';
import { EnvironmentRows } from '../../../../activities/adapters/local/process-environments/environment-rows.ts';
import { idOf } from '../../../../activities/adapters/processes/exclusive.ts';
import { stateTexts } from '../../../../activities/adapters/local/texts.ts';
import { removeFolder } from '../../../support/folders.ts';
import { stateIn } from '../../../support/state/databases.ts';

const repository = '/srv/shop/.git';
const change = {
  repository,
  branch: 'gatehouse/PAY-1',
  base: 'main',
  number: 2,
  title: 'Totals',
  body: '',
  state: 'open',
  holder: { workflowId: 'run/default/PAY-1', runId: 'r1' },
  ours: ['a'.repeat(40), 'b'.repeat(40)],
  ahead: 'b'.repeat(40),
};
const notice = { type: 'ci_failed', id: 'n1', severity: 'warning', at: '2026-11-28T10:00:00.000Z', text: 'Red.' };
const message = { key: 'k1', workflowId: 'run/default/PAY-1', task: { id: 'PAY-1', title: 'T' }, notice };
const hash = 'c'.repeat(64);

/** The files of a data folder as the build before wrote them. */
const FILES: Record<string, unknown> = {
  'changes/srv-shop-git-1/gatehouse-PAY-1-2.json': change,
  'changes/srv-shop-git-1/merged-3.json': { ...change, branch: 'old', state: 'merged', mergeCommit: 'd', number: 1 },
  'changes/srv-shop-git-1/pull-1.json': { branch: 'old' },
  'changes/srv-shop-git-1/pull-2.json': { branch: 'gatehouse/PAY-1' },
  'changes/srv-shop-git-1/last-number.json': 2,
  'changes/srv-shop-git-1/gatehouse-PAY-1-2.json.lock': 'left by a process that is gone',
  'changes/srv-shop-git-1/broken.json': { repository: 1 },
  'outbox/webhook/20261128-k1.json': message,
  'outbox/webhook/0.json': { key: 1 },
  'outbox/webhook.told/run.json': { workflowId: 'run/default/PAY-9', at: '2026-11-27T10:00:00.000Z' },
  'meter/2026-11/a.json': { key: 'job/a', at: '2026-11-02T00:00:00Z', costCents: 2.5 },
  'meter/2026-10/b.json': { key: 'job/b', at: '2026-10-31T23:59:59Z', costCents: 1 },
  [`texts/${hash}`]: 'A long brief.',
  'jobs/a-1/job.json': { key: 'run/a', role: 'coder' },
  'jobs/a-1/begun.json': { start: 'f'.repeat(40) },
  'jobs/a-1/owner.json': { activity: 'x', n: 2, at: 5 },
  'jobs/a-1/report.json': { is: 'failed', because: 'It failed.' },
  'jobs/b-2/job.json': { key: 'run/b', role: 'coder' },
  'jobs/b-2/tree/a.txt': 'a',
  'jobs/c-3/job.json': 'no job',
  'environments/e-1/begun.json': { key: 'env/e', port: 4000, ready: '/up', expireMinutes: 30 },
  'environments/e-1/live.json': { at: '2026-11-28T09:00:00.000Z', url: 'http://127.0.0.1:4000' },
  'environments/f-2/removed': 'It failed.',
  'checks/shop/abc/test-1/1/begun.json': { round: 'r', branch: 'work', repository },
  'checks/shop/abc/test-1/1/verdict.json': { conclusion: 'failure', round: 'r', log: 'Red.' },
  'checks/shop/abc/test-1/2/begun.json': { round: 's', branch: 'work', repository },
  'checks/shop/abc/test-1/2/tree/a.txt': 'a',
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'gatehouse-taking-over-'));
  for (const [name, value] of Object.entries(FILES)) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  }
});
afterEach(() => removeFolder(root));

/** All that the database has. */
async function everything() {
  const state = stateIn(root);
  const [store, meter] = [new ChangeStore(state), stateMeter({ state })];
  const jobs = new JobRows(state, () => idOf(root));
  const checks = new CheckRows(state, () => idOf(root));
  const place = { repository, branch: change.branch, base: 'main' };
  return {
    changes: (await store.all()).sort((a, b) => a.number! - b.number!),
    pulls: [await store.branchOf(repository, 1), await store.branchOf(repository, 2)],
    own: [...(await store.ownAmong(place, [...change.ours, 'e'.repeat(40)]))].sort(),
    waiting: await outboxRows(state, 'webhook').waiting(),
    unreadable: await state.query((db) =>
      db.selectFrom('outbox').select('message').where('unreadable', '=', 1).execute(),
    ),
    receipts: await outboxRows(state, 'webhook').receipts(),
    spent: [await meter.spent('2026-10'), await meter.spent('2026-11')],
    text: await stateTexts({ state }).read(hash),
    unfinished: (await jobs.unfinished()).map(({ key }) => key),
    ended: await jobs.read('run/a'),
    checks: [await checks.find('shop/abc/test-1/1'), await checks.last('shop/abc/test-1')],
    open: (await checks.unfinished()).map(({ name }) => name),
    environments: await new EnvironmentRows(state, () => idOf(root)).unfinished(),
  };
}

const { ours, ...record } = change;
const EXPECTED = {
  changes: [{ ...record, branch: 'old', state: 'merged', mergeCommit: 'd', number: 1 }, record],
  pulls: ['old', change.branch],
  own: ours,
  waiting: [{ key: 'k1', workflowId: message.workflowId, at: notice.at }],
  unreadable: [{ message: '{"key":1}' }],
  receipts: { 'run/default/PAY-9': '2026-11-27T10:00:00.000Z' },
  spent: [1, 2.5],
  text: 'A long brief.',
  unfinished: ['run/b'],
  ended: {
    key: 'run/a',
    runner: expect.any(String),
    job: { key: 'run/a', role: 'coder' },
    begun: { start: 'f'.repeat(40) },
    owner: { activity: 'x', n: 2, at: 5 },
    report: { is: 'failed', because: 'It failed.' },
  },
  checks: [
    {
      name: 'shop/abc/test-1/1',
      runner: expect.any(String),
      begun: { round: 'r', branch: 'work', repository },
      verdict: { conclusion: 'failure', round: 'r', log: 'Red.' },
    },
    2,
  ],
  open: ['shop/abc/test-1/2'],
  environments: [
    {
      key: 'env/e',
      runner: expect.any(String),
      port: 4000,
      ready: '/up',
      expireMinutes: 30,
      liveAt: '2026-11-28T09:00:00.000Z',
      url: 'http://127.0.0.1:4000',
    },
  ],
};

const silent = () => undefined;

it('finds everything in the database, and keeps the files', async () => {
  await takeOver(root, stateIn(root), silent);
  expect(await everything()).toEqual(EXPECTED);
  expect((await readdir(path.join(root, 'taken-over'))).sort()).toEqual([
    'changes',
    'checks',
    'environments',
    'jobs',
    'meter',
    'outbox',
    'texts',
  ]);
  expect(await readdir(path.join(root, 'taken-over/changes/srv-shop-git-1'))).toContain('broken.json');
});

it('gives the next pull request the next number', async () => {
  const state = stateIn(root);
  await takeOver(root, state, silent);
  const place = { repository, branch: 'gatehouse/PAY-2', base: 'main' };
  expect(await new ChangeStore(state).pullRequest(place, { title: '', body: '' })).toBe(3);
});

it.each(['changes', 'outbox', 'meter', 'texts'])('goes on after a crash before %s were moved', async (name) => {
  const before = await mkdtemp(path.join(tmpdir(), 'gatehouse-before-'));
  await cp(path.join(root, name), path.join(before, name), { recursive: true });
  await takeOver(root, stateIn(root), silent);
  await cp(path.join(before, name), path.join(root, name), { recursive: true });
  await takeOver(root, stateIn(root), silent);
  expect(await everything()).toEqual(EXPECTED);
  expect(await readdir(root)).not.toContain(name);
  await removeFolder(before);
});

it('is done once by workers that start at the same time', async () => {
  const counts: number[] = [];
  const log = (fields: object) => void counts.push((fields as { count: number }).count);
  await Promise.all([1, 2, 3].map(() => takeOver(root, stateIn(root), log)));
  expect(counts).toEqual([2, 2, 2, 1, 2, 1, 2]);
  expect(await everything()).toEqual(EXPECTED);
});

it('does nothing in a new folder', async () => {
  const empty = await mkdtemp(path.join(tmpdir(), 'gatehouse-empty-'));
  await takeOver(empty, stateIn(empty), silent);
  expect(await readdir(empty)).toEqual([]);
  await removeFolder(empty);
});
