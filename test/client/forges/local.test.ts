import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { readConfig } from '../../../client/config.ts';
import { dryRunText } from '../../../client/cli/texts/dry-run.ts';
import { dryRun } from '../../../client/forges/dry-run.ts';
import { GUIDES } from '../../../client/forges/guides.ts';
import { forgeFinding } from '../../../client/forges/findings.ts';
import { WANTED } from '../../../activities/adapters/github/calling/permissions.ts';
import { removeFolder } from '../../support/folders.ts';
import { TestRepository } from '../../support/repository.ts';
import { stateIn } from '../../support/state/databases.ts';

jest.setTimeout(60_000);

const FORGE = { name: 'github', address: 'https://github.com' };
const HEARD = { variable: 'GATEHOUSE_GITHUB_WEBHOOK_SECRET', secret: true };
const NOW = Date.parse('2026-11-29T12:00:00Z');
const until = '2026-11-29T13:00:00.000Z';

it.each([
  [
    { is: 'known', login: 'gate', limit: { left: 4_990, of: 5_000, until } },
    { ...HEARD, last: NOW - 125 * 60_000 },
    true,
    `we are gate at https://github.com; 4990 of 5000 calls left until ${until}; webhooks: the last came 2 hours ago`,
  ],
  [
    { is: 'known', login: 'gate' },
    { ...HEARD, secret: false },
    true,
    'we are gate at https://github.com; webhooks are not accepted, so changes are seen by polling: GATEHOUSE_GITHUB_WEBHOOK_SECRET is not set; none has come',
  ],
  [{ is: 'known', login: 'gate', limit: { left: 0, of: 5_000, until } }, HEARD, false, expect.stringContaining('0 of')],
  [{ is: 'refused', because: 'Bad credentials' }, HEARD, false, 'https://github.com: Bad credentials'],
  [{ is: 'unanswered', because: 'no answer' }, HEARD, false, 'https://github.com: no answer'],
  [
    { is: 'known', login: 'gate' },
    { ...HEARD, secret: 'no such file' },
    false,
    expect.stringContaining('no such file'),
  ],
] as const)('a forge that is %j, heard %j', (standing, heard, ok, detail) => {
  expect(forgeFinding({ forge: FORGE, standing, heard, now: NOW })).toMatchObject({
    about: 'forge github',
    ok,
    detail,
  });
});

/** GitHub's pages name its permissions otherwise than its API. */
const PAGES: Record<string, string> = { statuses: 'commit statuses', repository_hooks: 'webhooks' };

it('the guide for GitHub names exactly the permissions that are checked', () => {
  const wanted = WANTED.map(({ permission, level }) => {
    const name = (PAGES[permission] ?? permission).replaceAll('_', ' ');
    return `${name[0]!.toUpperCase()}${name.slice(1)}: ${level === 'write' ? 'read and write' : 'read'}`;
  });
  expect(GUIDES.github.rights.map(({ right }) => right)).toEqual(wanted);
});

it('a dry run on a repository on disk says what would be, and changes nothing there', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-ways-'));
  try {
    const { path: repository } = await TestRepository.create(folder, 'shop');
    const refs = () =>
      readFile(path.join(repository, '.git/HEAD'), 'utf8').then(async (head) => [
        head,
        await readdir(path.join(repository, '.git/refs/heads')),
      ]);
    const before = await refs();
    const config = {
      ...readConfig({ PATH: process.env['PATH'], GATEHOUSE_DATA: path.join(folder, 'data') }),
      cache: path.join(folder, 'cache'),
    };
    const run = await dryRun(config, { change: { repository }, pipeline: 'simple' });
    expect(run).toMatchObject({ is: 'seen', refused: [], waitsAt: 1, change: { base: 'main', repository } });
    expect(dryRunText(run)).toContain('It would first wait at step 1, coder: for an agent.');
    expect(await refs()).toEqual(before);
    expect(await readdir(folder)).not.toContain('data');

    await busy(path.join(folder, 'data'), { repository, branch: 'gatehouse/dry-run' });
    const taken = await dryRun(config, { change: { repository }, pipeline: 'simple' });
    expect(taken.refused).toEqual([
      { path: 'change.branch', expected: expect.stringContaining('run/default/OTHER works on gatehouse/dry-run') },
    ]);
  } finally {
    await removeFolder(folder);
  }
});

/** A live run of another task on a branch, as its row tells. */
async function busy(data: string, on: { repository: string; branch: string }): Promise<void> {
  const state = stateIn(data);
  const row = {
    ...{ workflow_id: 'run/default/OTHER', first_run_id: 'r', run_id: 'r', type: 'pipelineRun', started_at: 1 },
    ...{ workspace: 'default', task: 'OTHER', task_type: 'feature', pipeline: 'simple', status: 'running' },
    ...{ step: null, phase: null, visit: null, waiting_on: 'agent', waiting_since: 1, merge_commit: null },
    ...{ outcome: null, ended_at: null, cost_cents: 0, state: '{}', run_at: 1, seq: 1 },
  };
  await mkdir(data, { recursive: true });
  await state.query((db) =>
    db
      .insertInto('runs')
      .values({ ...row, ...on })
      .execute(),
  );
  await state.close();
}
