import { jest } from '@jest/globals';
import type { PullRequest } from '../../../../activities/adapters/hosted/api.ts';
import {
  CredentialsRefused,
  ForgeUnavailable,
  NotThere,
  PermissionMissing,
  RateLimited,
} from '../../../../activities/adapters/hosted/failures.ts';
import { hostedRig, type HostedRig } from './rig.ts';

jest.setTimeout(60_000);

let rig: HostedRig;
beforeAll(async () => void (rig = await hostedRig()));
afterAll(() => rig.dispose());

const shown = () => ({ ...rig.api.shown! });
let before: ReturnType<typeof shown>;
beforeEach(() => void (before = shown()));
afterEach(() => {
  rig.api.shown = before;
  rig.api.rules.clear();
  rig.api.pulls.clear();
});

const examine = (over: Partial<Parameters<HostedRig['forge']['examine']>[0]> = {}) =>
  rig.forge.examine({ repository: rig.repository, branch: 'work', branchGiven: false, ...over });
const refusedAt = (path: string, expected: string) => ({
  is: 'refused',
  fields: [{ path, expected: expect.stringContaining(expected) }],
});

it('finds a repository under any spelling, and calls it as the forge does', async () => {
  rig.api.earlierNames.add('acme/store');
  for (const repository of [
    'https://forge.example/ACME/shop.git',
    'https://forge.example/acme/store',
    'git@forge.example:acme/Shop.git',
  ])
    expect(await examine({ repository })).toMatchObject({ is: 'found', change: { repository: rig.repository } });
});

it.each([
  ['change.repository', 'none at https://forge.example/acme/none', { repository: 'https://forge.example/acme/none' }],
  ['change.repository', 'an owner and a name', { repository: 'https://forge.example/acme' }],
  ['change.base', 'no branch other', { base: 'other' }],
  ['change.branch', 'another branch than the base', { branch: 'main', branchGiven: true }],
  ['change.pullRequest', 'none with the number 9', { pullRequest: 9 }],
  ['change.pullRequest', 'found 8', { repository: 'https://forge.example/acme/shop/pull/9', pullRequest: 8 }],
])('refuses %s: %s', async (path, expected, over) => expect(await examine(over)).toEqual(refusedAt(path, expected)));

it.each([
  ['change.repository', 'is archived', { archived: true }],
  ['change.repository', 'may only read', { may: { read: true, write: false, administer: false } }],
  ['change.base', 'it is empty', { empty: true }],
])('refuses a repository at %s: %s', async (path, expected, over) => {
  rig.api.shown = { ...shown(), ...over };
  expect(await examine()).toEqual(refusedAt(path, expected));
});

describe('a work branch', () => {
  beforeAll(async () => void (await rig.commit('guarded', { 'g.txt': 'g' })));

  it.each([
    ['is protected against us', { mayPush: false }],
    ['demands signed ones', { signed: true }],
  ])('that %s is refused', async (expected, rules) => {
    rig.api.rules.set('guarded', rules);
    expect(await examine({ branch: 'guarded', branchGiven: true })).toEqual(refusedAt('change.branch', expected));
  });

  it('that we may push to is fine, protected or not', async () => {
    rig.api.rules.set('guarded', { mayPush: true });
    expect(await examine({ branch: 'guarded', branchGiven: true })).toMatchObject({ is: 'found' });
  });

  it('that another branch excludes is refused', async () => {
    expect(await examine({ branch: 'guarded/more' })).toEqual(refusedAt('change.branch', 'excludes guarded/more'));
  });
});

describe('a pull request', () => {
  let head: string;
  beforeAll(async () => {
    head = await rig.commit('feature', { 'f.txt': 'f' });
    await rig.commit('release', { 'r.txt': 'r' });
  });
  const pull = (over: Partial<PullRequest> = {}) =>
    rig.api.addPull({ branch: 'feature', title: 'Totals with tax', body: 'They lack it.', ...over });

  it('gives base, branch, title and description', async () => {
    const { number } = await pull({ base: 'release' });
    for (const named of [
      { pullRequest: number },
      { repository: `${rig.repository}/pull/${number}` },
      { repository: `${rig.repository}/pulls/${number}`, pullRequest: number },
    ])
      expect(await examine(named)).toMatchObject({
        is: 'found',
        change: { repository: rig.repository, base: 'release', branch: 'feature', pullRequest: number },
        head,
        title: 'Totals with tax',
        description: 'They lack it.',
        writers: ['Bo', 'bo@shop.example'],
      });
  });

  it('is found by its branch, and its title is not taken', async () => {
    const { number } = await pull();
    const found = await examine({ branch: 'feature', branchGiven: true });
    expect(found).toMatchObject({ is: 'found', change: { pullRequest: number }, head });
    expect(found).not.toHaveProperty('title');
  });

  it.each<[string, Partial<PullRequest>, object]>([
    ['is closed', { state: 'closed' }, {}],
    ['is merged', { state: 'merged' }, {}],
    ['is into main', {}, { base: 'release' }],
    ['is of feature', {}, { branch: 'other', branchGiven: true }],
  ])('that %s is refused', async (expected, over, wish) => {
    const { number } = await pull(over);
    const refused = refusedAt('change.pullRequest', `${number} ${expected}`);
    expect(await examine({ pullRequest: number, ...wish })).toEqual(refused);
  });
});

describe('a pull request that another installation gates', () => {
  const at = (ageMs: number) => new Date(Date.now() - ageMs).toISOString();
  const marker = (ageMs = 0, state = 'live') =>
    `It waits.\n<!-- gatehouse other run/default/T-9 ${state} ${at(ageMs)} -->`;
  const examined = async (body: string, author: string) => {
    const { number } = await rig.api.addPull({ branch: 'feature' });
    rig.api.said.splice(0);
    rig.api.say(number, body, author);
    return examine({ pullRequest: number });
  };
  beforeAll(() => void rig.api.writers.add('ana'));
  afterAll(() => void rig.api.said.splice(0));

  it.each(['ana', 'gatehouse'])('is refused, as a comment of %s says', async (author) =>
    expect(await examined(marker(), author)).toEqual(refusedAt('change.pullRequest', 'run/default/T-9')),
  );

  it.each([
    ['whose run has ended', marker(0, 'ended'), 'ana'],
    ['whose marker is a day old', marker(25 * 3_600_000), 'ana'],
    ['as only somebody says who may not write', marker(), 'eve'],
    ['as only a quotation says', `> ${marker()}\nReally?`, 'ana'],
  ])('%s is fine', async (_, body, author) => expect(await examined(body, author)).toMatchObject({ is: 'found' }));
});

describe('a forge that refuses', () => {
  const failing = (...failures: Error[]) =>
    rig.api.failing.set(
      'repository',
      failures.map((failure) => ({ failure })),
    );
  afterEach(() => rig.api.failing.clear());

  it('our credentials for a moment is asked again', async () => {
    failing(new CredentialsRefused('bad credentials'));
    expect(await examine()).toMatchObject({ is: 'found' });
  });

  it.each([
    ['our credentials', new CredentialsRefused('bad credentials'), 100],
    ['a permission', new PermissionMissing('GET /repos needs metadata'), 1],
    ['to show it', new NotThere('404'), 1],
  ])('%s refuses the run', async (_, failure, times) => {
    failing(...Array.from({ length: times }, () => failure));
    expect(await examine()).toEqual(refusedAt('change.repository', failure.message));
  });

  it.each([
    ['502', new ForgeUnavailable('502')],
    ['a limit', new RateLimited('used up', { retryAfterMs: 1_000 })],
  ])('to answer now is waited for: %s', async (_, failure) => {
    failing(failure);
    await expect(examine()).rejects.toBe(failure);
  });
});

describe('the settings', () => {
  it.each<[string, Record<string, string>, object]>([
    ['may be missing', { '.gatehouse.yml': '' }, { is: 'found', checksGraceSeconds: 60, tested: 'head' }],
    ['may have a second file beside them', { '.gatehouse.yaml': '' }, { is: 'found' }],
    ['are refused by path', { '.gatehouse.yml': 'checks: 1' }, { fields: [{ path: '.gatehouse.yml:checks' }] }],
    ['wait longer with a CI', { '.github/workflows/ci.yml': 'on: push' }, { checksGraceSeconds: 600 }],
    ['wait longer with any CI', { Jenkinsfile: '' }, { checksGraceSeconds: 600 }],
    ['wait longer with a woodpecker', { '.woodpecker.yaml': '' }, { checksGraceSeconds: 600 }],
    ['wait no longer with another folder there', { '.github/CODEOWNERS': '' }, { checksGraceSeconds: 60 }],
  ])('%s', async (_, files, expected) => {
    const other = await hostedRig({ files });
    try {
      const wish = { repository: other.repository, branch: 'work', branchGiven: false };
      expect(await other.forge.examine(wish)).toMatchObject(expected);
    } finally {
      await other.dispose();
    }
  });

  it('under a wrong name alone are refused', async () => {
    const other = await hostedRig({ settings: null, files: { '.gatehouse.yaml': 'checks: {}' } });
    try {
      const wish = { repository: other.repository, branch: 'work', branchGiven: false };
      expect(await other.forge.examine(wish)).toEqual(refusedAt('.gatehouse.yml', 'found .gatehouse.yaml'));
    } finally {
      await other.dispose();
    }
  });
});
