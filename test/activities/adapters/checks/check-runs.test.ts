import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { CheckRuns } from '../../../../activities/adapters/checks/check-runs.ts';
import { safeName } from '../../../../activities/adapters/files/folders.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { removeFolder } from '../../../support/folders.ts';
import { program } from '../../../support/programs.ts';
import { running } from '../../../support/running.ts';
import { until } from '../../../support/until.ts';
import { workspaceIn } from '../../../support/local.ts';
import { exclusivelyIn } from '../../../../activities/adapters/processes/exclusive.ts';
import { withoutIsolation } from '../../../../activities/adapters/processes/isolation/isolation.ts';
import { stateIn } from '../../../support/state/databases.ts';
import { takeOver } from '../../../../activities/adapters/local/taking-over/index.ts';

jest.setTimeout(60_000);

let home: string;
let repository: string;
let change: Change;
const opened: CheckRuns[] = [];

const git = async (...args: string[]) => (await program('git', args, { cwd: repository })).stdout;
const data = (...names: string[]) => path.join(home, 'data', ...names);
const open = () => {
  const root = data();
  const state = stateIn(root);
  const exclusively = exclusivelyIn(root, state);
  const runs = new CheckRuns({
    root,
    isolation: withoutIsolation(process.env),
    workspace: workspaceIn(root),
    exclusively,
    state,
  });
  opened.push(runs);
  return runs;
};

/** Commits settings with these checks to the base, and returns that commit. */
async function stated(checks: Record<string, string>): Promise<string> {
  await writeFile(path.join(repository, '.gatehouse.yml'), JSON.stringify({ checks }));
  await git('add', '--all');
  await git('-c', 'user.name=Ana', '-c', 'user.email=ana@x', 'commit', '--quiet', '-m', 'settings');
  return git('rev-parse', 'HEAD');
}

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-checks-'));
  repository = path.join(home, 'shop');
  await program('git', ['init', '--quiet', '--initial-branch', 'main', repository]);
  change = { repository, base: 'main', branch: 'work', basis: '' };
});
afterEach(async () => {
  for (const runs of opened.splice(0)) await runs.close();
  await removeFolder(home);
});

const LIMITS = { checkSeconds: 60, round: 'r' };
const ended = (runs: CheckRuns, head: string) =>
  until('the checks have ended', async () => {
    const checks = await runs.look(change, head, LIMITS);
    return checks.running.length === 0 && checks.ended;
  });
const there = (name: string) => until(`${name} is there`, () => existsSync(path.join(home, name)));
const trees = async () => (await program('find', [data('checks'), '-name', 'tree'])).stdout;

/** A commit that git will not check out. */
async function unfit(): Promise<string> {
  const input = `100644 blob ${await git('rev-parse', 'HEAD:.gatehouse.yml')}\t.git\n`;
  const { stdout: tree } = await program('git', ['mktree'], { cwd: repository, input });
  return git('-c', 'user.name=Bo', '-c', 'user.email=bo@x', 'commit-tree', tree, '-m', 'unfit');
}

describe('a verdict', () => {
  it('is red with git’s message if the commit cannot be checked out', async () => {
    change = { ...change, basis: await stated({ test: 'true' }) };
    const head = await unfit();
    await git('branch', 'work', head);
    const runs = open();
    const red = { name: 'test', conclusion: 'failure', log: expect.stringContaining('invalid path') };
    expect(await runs.look(change, head, LIMITS)).toEqual({
      ended: [expect.objectContaining(red)],
      running: [],
      none: false,
    });
    expect((await program('find', [data('checks'), '-name', 'tree*'])).stdout).toBe('');
  });

  it('applies to one command: a changed command runs again on the same head', async () => {
    const basis = await stated({ test: 'true' });
    const head = basis;
    const other = await stated({ test: 'exit 1' });
    const runs = open();
    change = { ...change, basis };
    expect(await ended(runs, head)).toMatchObject([{ name: 'test', conclusion: 'success' }]);
    change = { ...change, basis: other };
    expect(await ended(runs, head)).toMatchObject([{ name: 'test', conclusion: 'failure' }]);
    change = { ...change, basis };
    expect(await ended(runs, head)).toMatchObject([{ name: 'test', conclusion: 'success' }]);
  });

  it('from a version that did not record commands is void, and its running check is ended', async () => {
    const head = await stated({ test: `touch ${home}/ran; exit 1` });
    change = { ...change, basis: head };
    const before = data('checks', safeName(await workspaceIn(data()).path(repository)), head, safeName('test'));
    await mkdir(path.join(before, '1'), { recursive: true });
    const verdict = { conclusion: 'success', round: 'r', log: '' };
    const begun = JSON.stringify({ round: 'r', branch: 'work' });
    await writeFile(path.join(before, '1', 'begun.json'), begun);
    await writeFile(path.join(before, '1', 'verdict.json'), JSON.stringify(verdict));
    await mkdir(path.join(before, '2', 'tree'), { recursive: true });
    await writeFile(path.join(before, '2', 'begun.json'), begun);
    await takeOver(data(), stateIn(data()), () => undefined);
    const runs = open();
    expect((await runs.open()).size).toBe(1);
    expect(await ended(runs, head)).toMatchObject([{ conclusion: 'failure' }]);
    expect(existsSync(path.join(home, 'ran'))).toBe(true);
    expect(await readdir(before)).toEqual(['1']);
    expect(await trees()).toBe('');
  });
});

describe('a check', () => {
  it('ends the processes that it leaves running, even those that have left its group', async () => {
    const stay = `while :; do sleep 1; done`;
    const test = `sh -c '${stay}' ${home}/left & setsid sh -c "trap '' TERM; ${stay}" ${home}/left > /dev/null 2>&1 & exit 0`;
    const head = await stated({ test });
    change = { ...change, basis: head };
    expect(await ended(open(), head)).toMatchObject([{ conclusion: 'success' }]);
    expect(await running(`${home}/left`)).toEqual([]);
  });

  it('ends when nobody waits for it, even if its repository has been moved away', async () => {
    const head = await stated({ test: `touch ${home}/begun; sh -c 'while :; do sleep 1; done' ${home}/left` });
    change = { ...change, basis: head };
    await open().look(change, head, LIMITS);
    await there('begun');
    await rename(repository, path.join(home, 'moved'));
    const next = open();
    await next.endOthers({ repository, branch: 'other' });
    expect(await running(`${home}/left`)).not.toEqual([]);
    await next.endOthers(change);
    expect(await running(`${home}/left`)).toEqual([]);
    expect(await trees()).toBe('');
    expect((await next.open()).size).toBe(0);
  });

  it('that was killed has its remaining processes ended when the worker stops', async () => {
    const left = `setsid sh -c 'echo > ${home}/begun; while :; do sleep 1; done' ${home}/left & wait`;
    const head = await stated({ test: left });
    const runs = open();
    await runs.look({ ...change, basis: head }, head, LIMITS);
    await there('begun');
    const { stdout: record } = await program('find', [data('checks'), '-name', 'process.json']);
    process.kill(-JSON.parse(await readFile(record, 'utf8')).pid, 'SIGKILL');
    await runs.close();
    expect(await running(`${home}/left`)).toEqual([]);
  });

  it('runs in parallel with others, and all end together when the worker stops', async () => {
    const test = `trap '' TERM; echo begun >> ${home}/begun; sh -c 'while :; do sleep 1; done' ${home}/left`;
    const heads: string[] = [];
    for (const n of [1, 2, 3, 4]) heads.push(await stated({ one: `${test} # ${n}`, two: `${test} # ${n}` }));
    const runs = open();
    for (const head of heads) await runs.look({ ...change, branch: `b-${head}`, basis: head }, head, LIMITS);
    await until('all have begun', async () => {
      const begun = await readFile(path.join(home, 'begun'), 'utf8').catch(() => '');
      return begun.split('\n').length === 9;
    });
    await runs.close();
    expect(await running(`${home}/left`)).toEqual([]);
    expect((await open().open()).size).toBe(0);
  });
});

it('cannot write its own verdict', async () => {
  const forged = JSON.stringify({ conclusion: 'success', round: 'r', log: '' });
  const head = await stated({ test: `for d in .. ../..; do echo '${forged}' > $d/verdict.json; done; exit 1` });
  change = { ...change, basis: head };
  expect(await ended(open(), head)).toMatchObject([{ conclusion: 'failure' }]);
  expect(await ended(open(), head)).toMatchObject([{ conclusion: 'failure' }]);
});
