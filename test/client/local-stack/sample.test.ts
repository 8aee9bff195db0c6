import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { execa } from 'execa';
import { makeSampleRepository } from '../../../client/local-stack/sample.ts';
import { moveTheBase } from '../../../client/local-stack/teammate.ts';
import { judgeReview, Review } from '../../../workflows/rules/companion.ts';
import { Assessment } from '../../../workflows/rules/assessment.ts';
import { Policy } from '../../../workflows/contracts/policy.ts';
import { env, git, PROGRESS, Shop, totalsIn } from '../../support/shop.ts';
import { freePort } from '../../support/ports.ts';

jest.setTimeout(120_000);

let sample: Shop;
let home: string;
let shop: string;
let work: string;
beforeEach(async () => {
  sample = await Shop.open();
  ({ home, repository: shop, work } = sample);
});
afterEach(async () => {
  await sample.remove();
  for (const said of sample.progress) expect(said).toMatch(PROGRESS);
});

const play = (role: string, own?: Record<string, unknown>) => sample.play(role, own);
const checks = () => sample.checks();
const shown = () => sample.shown();

const judged = (end: any) =>
  judgeReview(Review.parse(end.output), { threshold: 0.8, reworks: 1, summary: end.summary });
const GREEN = { test: true, style: true };

it('is a repository with one commit on main, and another branch is checked out', async () => {
  expect(await git(shop, 'log', '--format=%an %s', 'main')).toBe('Ana A small shop');
  expect(await git(shop, 'status', '--porcelain')).toBe('');
  await expect(git(shop, 'symbolic-ref', '--quiet', 'HEAD')).rejects.toThrow();
  expect(existsSync(path.join(shop, '.gatehouse.yml'))).toBe(true);
  expect(await checks()).toEqual(GREEN);
});

it('listens on the given port, and shows the basket', async () => {
  const port = await freePort();
  const server = execa('node', ['server.js'], { cwd: work, env: { ...env, PORT: String(port) }, reject: false });
  try {
    await new Promise((resolve) => server.stdout.once('data', resolve));
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect(totalsIn(await (await fetch(`http://127.0.0.1:${port}/`)).text())).toEqual({ Total: 5697 });
  } finally {
    server.kill();
    await server;
  }
});

it('has a style check that can fail', async () => {
  await writeFile(path.join(work, 'lib', 'money.js'), 'export const money = 1; \n');
  expect(await checks()).toMatchObject({ style: false });
});

it('can be taken from the first commit to the merge by the scripted agent', async () => {
  await play('coder');
  expect(await checks()).toEqual(GREEN);
  const first = judged(await play('reviewer'));
  expect(first).toMatchObject({ passed: false, rating: 0.6 });
  await play('coder', { revision: { previousOutput: '', feedback: first.feedback, comments: [] } });
  expect(judged(await play('reviewer'))).toMatchObject({ passed: true, rating: 0.95 });

  // The tests pass in spite of the defect that a person should find.
  expect(await shown()).toEqual({ Net: 5697, Tax: 1082, Total: 5697 });
  expect(await checks()).toEqual(GREEN);
  await play('fixer');
  expect(await shown()).toEqual({ Net: 5697, Tax: 1082, Total: 6779 });

  await moveTheBase(shop, path.join(home, 'teammate'));
  await meetConflict();
  await play('conflict-resolver');
  expect(await shown()).toEqual({ Net: 5697, Tax: 1082, 'To pay': 6779 });
  expect(await checks()).toEqual({ ...GREEN, test: false });
  await play('ci-fixer');
  expect(await checks()).toEqual(GREEN);

  const { output } = await play('merger');
  const { complexity, risk, impact, rationale } = Assessment.parse(output);
  const { maxComplexity, maxRisk, maxImpact } = Policy.parse({});
  expect([complexity <= maxComplexity, risk <= maxRisk, impact <= maxImpact]).toEqual([true, true, true]);
  expect(rationale).toMatch(/^\d+ lines in 2 files differ from main/);
});

/** Leaves the merge of the base in conflict, like the executor does for a resolver. */
async function meetConflict(): Promise<void> {
  await git(work, 'fetch', '--quiet', 'origin');
  const as = ['-c', 'user.name=Agent', '-c', 'user.email=agent@shop.example'];
  await expect(git(work, ...as, 'merge', '--quiet', 'origin/main')).rejects.toThrow('CONFLICT');
}

describe('the scripted agent', () => {
  it('resolves a conflict before the fix with both sides, and can still make the fix', async () => {
    await play('coder');
    await moveTheBase(shop, path.join(home, 'teammate'));
    await meetConflict();
    await play('conflict-resolver');
    expect(await shown()).toEqual({ Net: 5697, Tax: 1082, 'To pay': 5697 });
    await play('fixer');
    expect(await shown()).toEqual({ Net: 5697, Tax: 1082, 'To pay': 6779 });
  });

  it('changes nothing when it does its work again', async () => {
    await play('coder');
    const revision = { previousOutput: '', feedback: 'Test it.', comments: [] };
    await play('coder', { revision });
    await play('fixer');
    const head = await git(work, 'rev-parse', 'HEAD');
    await play('coder');
    await play('coder', { revision });
    expect((await play('fixer')).summary).toMatch(/does not find it/);
    expect(await git(work, 'rev-parse', 'HEAD')).toBe(head);
  });

  it('fails with the name of a role that it does not know', async () => {
    await expect(play('astrologer')).rejects.toThrow('does not know the role astrologer');
  });
});

it('for a real agent, names it in its settings, and contains no script that would tell it what to do', async () => {
  const other = path.join(home, 'other');
  await makeSampleRepository(other, 'codex');
  expect(await git(other, 'show', 'main:.gatehouse.yml')).toContain('default: { use: codex }');
  const files = (await git(other, 'ls-tree', '-r', '--name-only', 'main')).split('\n');
  expect(files.filter((file) => file.startsWith('tools/'))).toEqual(['tools/check-style.mjs']);
  expect(await git(other, 'show', 'main:README.md')).not.toContain('script');
});
