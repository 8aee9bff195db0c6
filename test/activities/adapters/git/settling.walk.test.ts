import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { settle, type Settled } from '../../../../activities/adapters/git/settling/settling.ts';
import { dice } from '../../../support/walk/dice.ts';
import { PERSON, run, Shop } from './checkouts.ts';
import { LAST, LEAVINGS, PRELUDE } from './leavings.ts';
import { program } from '../../../support/programs.ts';

const walks = Number(process.env['WALKS'] ?? 6);
const first = Number(process.env['SEED'] ?? 1);
jest.setTimeout(60_000 + walks * 30_000);

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.create(`
    echo a > a.txt; echo old > text; mkdir docs; echo d > docs/d; echo build/ > .gitignore
    printf '<<<<<<< HEAD\\nquoted\\n=======\\nas well\\n>>>>>>> main\\n' > quotes.txt`);
  await run(
    shop.repository,
    `git checkout -qb other; echo other > text; echo o > o; git add -A; git commit -qm other
     git checkout -qb work main; echo work > text; git commit -qam work; git checkout -q main`,
  );
});
afterAll(() => shop.remove());

/**
 * Plays an agent that leaves some of these states, and settles its job while another job of the repository is settled too.
 */
async function walk(seed: number): Promise<void> {
  const roll = dice(seed);
  const HOW_MANY = [1, 2, 3, 4] as const;
  const some = Array.from({ length: roll.pick(HOW_MANY) }, () => roll.pick(Object.keys(LEAVINGS)));
  const names = [...some, ...(roll.chance(0.25) ? [roll.pick(Object.keys(LAST))] : [])];
  const { message, ...settling } = await shop.begin(`walk-${seed}`);
  const other = await shop.begin(`other-${seed}`);
  const commits = path.join(shop.home, `commits-${seed}`);
  const trap = path.join(shop.home, 'trapped');
  await writeFile(commits, '');
  const env = {
    ...PERSON,
    SEED: String(seed),
    COMMITS: commits,
    TRAP: trap,
    OWNER: shop.repository,
    GIT_CEILING_DIRECTORIES: path.dirname(settling.tree),
  };
  const script = [PRELUDE, ...names.map((name) => LEAVINGS[name] ?? LAST[name])].join('\n');
  await program('/bin/sh', ['-c', script], { cwd: settling.tree, env, reject: false });
  // Ignores the traps that the agent's own git has triggered.
  await program('rm', ['-f', trap]);
  await run(other.tree, `echo ${seed} > other-job`);
  const before = await shop.refs();

  const [settled, beside] = await Promise.all([settle(settling, message), settle(other, other.message)]);
  const seen = `seed ${seed}: ${names.join(', ')} → ${JSON.stringify(settled)}`;
  try {
    expect(beside).toMatchObject({ is: 'made' });
    expect(existsSync(trap)).toBe(false);
    expect(existsSync(settling.scratch)).toBe(false);
    expect(await shop.outer()).toBe('dotfiles');
    expect(await shop.refs()).toBe(before);
    await mayBePushed(settled);
    await isTakenOrKept(settled, (await readFile(commits, 'utf8')).split('\n').filter(Boolean));
  } catch (failure) {
    throw new Error(`${seen}\n${(failure as Error).message}`, { cause: failure });
  }
}

/** Expects a result that descends from the start, without git's marks and without links that lead nowhere. */
async function mayBePushed(settled: Settled): Promise<void> {
  if (settled.is !== 'made') return;
  const copy = await shop.workspace.fetch(shop.repository);
  await run(copy, `git merge-base --is-ancestor refs/heads/work ${settled.commit}`);
  expect(Object.values(await shop.filesOf(settled))).not.toContain('160000');
  const marked = await run(copy, `git grep -l -e '^<<<<<<< ' -e '^>>>>>>> ' ${settled.commit} || true`);
  expect(marked.split('\n').map((line) => line.slice(line.indexOf(':') + 1))).toEqual(
    marked === '' ? [''] : ['quotes.txt'],
  );
}

/** Expects every commit that the agent recorded in the result, or in a bundle that a note names. */
async function isTakenOrKept(settled: Settled, commits: string[]): Promise<void> {
  const copy = await shop.workspace.fetch(shop.repository);
  const reported = [...settled.notes.join(' ').matchAll(/(\S+\.bundle)/g)].map(([, file]) => file!);
  const probe = path.join(shop.home, 'probe.git');
  await run(
    shop.home,
    `rm -rf ${probe}; git init -q --bare ${probe}; echo ${copy}/objects > ${probe}/objects/info/alternates`,
  );
  for (const file of reported) await run(probe, `git bundle unbundle ${file} >/dev/null`);
  for (const commit of commits) {
    const result =
      settled.is === 'made' ? `git merge-base --is-ancestor ${commit} ${settled.commit} 2>/dev/null` : 'false';
    const there = await run(probe, `${result} || git cat-file -e ${commit} 2>/dev/null && echo there || true`);
    expect([commit, there]).toEqual([commit, 'there']);
  }
}

it(`settles every state in which agents leave a checkout: ${walks} walks`, async () => {
  for (let seed = first; seed < first + walks; seed += 1) await walk(seed);
  expect((await readdir(path.join(shop.home, 'outer', 'data', 'repositories'))).length).toBe(1);
});
