import { jest } from '@jest/globals';
import type { HostedCheck } from '../../../../activities/adapters/hosted/api.ts';
import { ForgeUnavailable, PermissionMissing, RateLimited } from '../../../../activities/adapters/hosted/failures.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { hostedRig, type HostedRig } from './rig.ts';

jest.setTimeout(60_000);

const found = (name: string, state: HostedCheck['state'], over: Partial<HostedCheck> = {}): HostedCheck => ({
  name,
  state,
  conclusion: { green: 'success', red: 'failure', again: 'cancelled', pending: 'in_progress' }[state],
  from: { kind: 'run', id: 1 },
  ...over,
});

let rig: HostedRig;
let change: Change;
let head: string;
async function begin(settings = '', files: Record<string, string> = {}): Promise<void> {
  rig = await hostedRig({ settings, files });
  change = await rig.claimed();
  head = await rig.commitOurs(change, { 'b.txt': 'b' });
}
afterEach(() => rig.dispose());

const checks = (at = head) => rig.forge.checks(change, at, { checkSeconds: 60, round: 'r' });
const reports = (...all: HostedCheck[]) => rig.api.checked.set(head, all);
const settled = async () => {
  for (;;) {
    const now = await checks();
    if (now.running.length === 0) return now;
  }
};

describe('without checks of our own', () => {
  beforeEach(() => begin());

  it('are those of the forge, with the end of red ones’ logs', async () => {
    reports(found('build', 'green', { url: 'https://ci/1' }), found('test', 'red', { from: { kind: 'run', id: 2 } }));
    rig.api.logs.set('test', `\x1b[31mboom\x1b[0m ${'x'.repeat(20_000)}end`);
    const { ended, running } = await checks();
    expect(ended).toEqual([
      { name: 'build', conclusion: 'success', url: 'https://ci/1' },
      { name: 'test', conclusion: 'failure', log: expect.stringMatching(/x+end$/) },
    ]);
    expect(ended[1]!.log).toHaveLength(12_000);
    expect(running).toEqual([]);
    await checks();
    expect(rig.api.calls.filter((each) => each === 'logOf')).toHaveLength(1);
  });

  it('do not wait for a log that cannot be had', async () => {
    reports(found('test', 'red'));
    rig.api.failing.set('logOf', [{ failure: new PermissionMissing('actions: read') }]);
    expect((await checks()).ended).toEqual([{ name: 'test', conclusion: 'failure' }]);
  });

  it('wait where the forge cannot be asked', async () => {
    for (const failure of [new ForgeUnavailable('502'), new RateLimited('used up')]) {
      rig.api.failing.set('checks', [{ failure }]);
      await expect(checks()).rejects.toBe(failure);
    }
  });

  it('wait for required ones', async () => {
    reports(found('lint', 'green'));
    rig.api.rules.set('main', { required: [{ name: 'build' }] });
    expect(await checks()).toMatchObject({ ended: [{ name: 'lint' }], running: ['build'] });
  });

  it('wait for a person at the forge, unless one is red', async () => {
    reports(found('lint', 'green'));
    rig.api.held.push({ name: 'CI', url: 'https://forge.example/actions/1' });
    expect(await checks()).toMatchObject({ running: ['CI'], held: rig.api.held });
    reports(found('lint', 'red'));
    expect(await checks()).not.toHaveProperty('held');
  });

  it('may still come: then the head is bare', async () => {
    expect(await checks()).toEqual({ ended: [], running: [], none: false, bare: {} });
    reports(found('build', 'green'));
    expect(await checks()).not.toHaveProperty('bare');
  });

  it('never come for a head that we pushed, if pushes with our credentials start no CI', async () => {
    rig.api.checked.set((await rig.headOf('main'))!, [found('build', 'green')]);
    expect((await checks()).bare?.because).toMatch(
      /although main has some: pushes with these credentials start no CI$/,
    );
    head = await rig.commit('work', { 'theirs.txt': 't' });
    expect((await checks()).bare).toEqual({});
  });
});

describe('a cancelled check', () => {
  beforeEach(() => begin());
  const again = (id: number) => reports(found('e2e', 'again', { from: { kind: 'run', id } }));

  it('is run again once, by whichever worker', async () => {
    again(5);
    for (let n = 0; n < 3; n += 1) expect(await checks()).toMatchObject({ ended: [], running: ['e2e'] });
    expect(rig.api.reruns).toEqual([`${head} e2e`]);
    again(6);
    expect(await checks()).toMatchObject({ ended: [{ name: 'e2e', conclusion: 'cancelled' }], running: [] });
    expect(rig.api.reruns).toHaveLength(1);
    head = await rig.commitOurs(change, { 'c.txt': 'c' });
    again(7);
    expect(await checks()).toMatchObject({ running: ['e2e'] });
    expect(rig.api.reruns).toHaveLength(2);
  });

  it.each([
    ['the forge cannot run it alone', () => void (rig.api.canRerun = () => false)],
    ['we may not', () => void rig.api.failing.set('rerun', [{ failure: new PermissionMissing('actions: write') }])],
  ])('is red if %s', async (_, make) => {
    make();
    again(5);
    await checks();
    expect(await checks()).toMatchObject({ ended: [{ name: 'e2e', conclusion: 'cancelled' }], running: [] });
  });
});

describe('with checks of our own', () => {
  const OWN = `checks: { unit: 'test ! -e bad.txt' }\n`;
  const statuses = () => rig.api.statuses.map(({ context, state }) => `${context} ${state}`);

  it('are the union, and ours are reported as statuses, each state once', async () => {
    await begin(OWN);
    reports(found('build', 'green'));
    expect((await settled()).ended).toEqual([
      { name: 'build', conclusion: 'success' },
      { name: 'unit', conclusion: 'success', url: expect.any(String) },
    ]);
    await checks();
    expect(statuses()).toEqual(['gatehouse/unit pending', 'gatehouse/unit success']);
  });

  it('report a red one, and bear that the forge refuses the status', async () => {
    await begin(OWN);
    head = await rig.commitOurs(change, { 'bad.txt': 'bad' });
    rig.api.failing.set('setStatus', [{ failure: new PermissionMissing('statuses: write') }]);
    expect((await settled()).ended).toMatchObject([{ name: 'unit', conclusion: 'failure' }]);
    expect(statuses()).toEqual(['gatehouse/unit failure']);
  });

  it('have the names of their statuses where the forge has one of that name', async () => {
    await begin(OWN);
    reports(found('unit', 'green'));
    expect((await settled()).ended.map(({ name }) => name)).toEqual(['unit', 'gatehouse/unit']);
  });

  it('are enough where there is no CI, and not where there is one', async () => {
    await begin(OWN);
    expect(await settled()).not.toHaveProperty('bare');
    await rig.dispose();
    await begin(OWN, { '.gitea/workflows/ci.yaml': 'on: push' });
    expect((await settled()).bare).toEqual({});
  });
});

it('obey `.gatehouse.yml`', async () => {
  await begin(`ci: { required: ["test (*)"], ignore: ["codecov/*"] }\n`);
  reports(found('build', 'green'), found('codecov/patch', 'red'));
  expect(await checks()).toMatchObject({ ended: [{ name: 'build' }], running: ['test (*)'] });
  reports(found('test (20)', 'green'), found('codecov/patch', 'red'));
  expect(await checks()).toMatchObject({ ended: [{ name: 'test (20)' }], running: [] });
});

it('run again by name, where the forge can run them alone', async () => {
  await begin(`checks: { unit: 'test ! -e bad.txt' }\n`);
  head = await rig.commitOurs(change, { 'bad.txt': 'bad' });
  reports(found('e2e', 'red'), found('lint', 'green'), found('external', 'red'));
  rig.api.canRerun = ({ name }) => name === 'e2e';
  await settled();
  expect(await rig.forge.rerunFailed(change, head, ['e2e', 'lint', 'external', 'gatehouse/unit'])).toEqual([
    'e2e',
    'gatehouse/unit',
  ]);
  expect(rig.api.reruns).toEqual([`${head} e2e`]);
});
