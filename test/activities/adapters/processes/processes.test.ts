import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { LEASE_MS } from '../../../../activities/adapters/processes/leases.ts';
import { tailOf } from '../../../../activities/adapters/processes/logs.ts';
import { end, endAll, launch, stateOf } from '../../../../activities/adapters/processes/processes.ts';
import { LOG_BYTES } from '../../../../activities/adapters/processes/supervisor.ts';
import { ownOrigin, seen, tokenOf } from '../../../../activities/adapters/processes/tokens.ts';
import { removeFolder } from '../../../support/folders.ts';
import { running } from '../../../support/running.ts';
import { until } from '../../../support/until.ts';

jest.setTimeout(60_000);

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-processes-'));
});
const folders: string[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await endAll(folders.splice(0), { graceMs: 0 });
  await removeFolder(home);
});

/** Launches a command, and returns its folder. */
async function launched(command: string): Promise<string> {
  const folder = path.join(home, `run-${folders.length}`);
  folders.push(folder);
  await launch(folder, { command, cwd: home, env: process.env });
  return folder;
}

const exited = (folder: string) =>
  until('it ends', async () => {
    const state = await stateOf(folder);
    return state.is !== 'running' && state;
  });
const begun = (name: string) => until(`${name} is there`, () => existsSync(path.join(home, name)));

/** Changes the record of a process, as if it had been launched at this origin. */
async function cameFrom(folder: string, origin: object, over: object = {}): Promise<void> {
  const record = path.join(folder, 'process.json');
  await writeFile(record, JSON.stringify({ ...JSON.parse(await readFile(record, 'utf8')), ...over, origin }));
}
const elsewhere = async () => ({ ...(await ownOrigin()), namespace: 'pid:[1]' });

describe('a command', () => {
  it('has its exit code and its output on record once it has ended', async () => {
    const folder = await launched('echo out; echo err >&2; exit 7');
    expect(await exited(folder)).toEqual({ is: 'exited', code: 7 });
    expect([await tailOf(folder, 'stdout', 100), await tailOf(folder, 'stderr', 100)]).toEqual(['out\n', 'err\n']);
  });

  it('that prints endlessly has only the end of its output on disk, also while it runs', async () => {
    const many = 5 * LOG_BYTES;
    const folder = await launched(
      `yes | head -c ${many}; echo full; touch ${home}/full; while [ ! -e ${home}/go ]; do sleep 0.02; done; echo last`,
    );
    await begun('full');
    await until('it is kept', async () => (await tailOf(folder, 'stdout', 5)) === 'full\n');
    const sizes = readdirSync(folder).map((name) => statSync(path.join(folder, name)).size);
    expect(sizes.reduce((all, size) => all + size)).toBeLessThan(2 * (LOG_BYTES + 2 ** 20) + 10_000);
    expect(await tailOf(folder, 'stdout', LOG_BYTES)).toHaveLength(LOG_BYTES);

    const past = new Date(1_000_000);
    await utimes(path.join(folder, 'stdout.log'), past, past);
    await writeFile(path.join(home, 'go'), '');
    expect(await exited(folder)).toEqual({ is: 'exited', code: 0 });
    expect(await tailOf(folder, 'stdout', 5)).toBe('last\n');
    expect(statSync(path.join(folder, 'stdout.log')).mtimeMs).toBeGreaterThan(past.getTime());
  });

  it('that ends while the disk is full has its exit code on record once there is space', async () => {
    const folder = await launched(`while [ ! -e ${home}/go ]; do sleep 0.02; done; touch ${home}/ends; exit 5`);
    await symlink('/dev/full', path.join(folder, 'exit.draft'));
    await writeFile(path.join(home, 'go'), '');
    await begun('ends');
    expect(await stateOf(folder)).toMatchObject({ is: 'running' });
    await rm(path.join(folder, 'exit.draft'));
    expect(await exited(folder)).toEqual({ is: 'exited', code: 5 });
  });

  it('ends if its folder was removed, and nobody waits for it', async () => {
    const folder = await launched(`touch ${home}/begins; while [ ! -e ${home}/go ]; do sleep 0.02; done`);
    await begun('begins');
    await rm(folder, { recursive: true });
    await writeFile(path.join(home, 'go'), '');
    await until('nothing of it is left', async () => (await running(home)).length === 0);
  });

  it('ends together with processes that left its group and hide their environment, and with no others', async () => {
    const [cwd, folder] = [path.join(home, 'tree'), path.join(home, 'run')];
    await mkdir(path.join(cwd, 'deep'), { recursive: true });
    folders.push(folder);
    const daemon = (env: string, name: string) => `${env} sh -c 'echo $$ > ${home}/${name}; exec sleep 300' &`;
    // Job control puts each into its own group, like a daemon. Only its working folder shows to which job it belongs.
    const command = ['set -m', daemon('env -i', 'bare'), 'cd deep', daemon('env -i PATH="$PATH"', 'deeper'), 'exit 0'];
    const pidOf = (name: string) =>
      until(`${name} runs`, async () => Number(await readFile(path.join(home, name), 'utf8').catch(() => '')));
    const ours = spawn('sleep', ['300'], { cwd, detached: true, env: { ...process.env, GATEHOUSE_OWN: 'git' } });
    try {
      await launch(folder, { command: command.join('\n'), cwd, env: process.env });
      await exited(folder);
      const left = [await pidOf('bare'), await pidOf('deeper')];
      expect(await Promise.all(left.map((pid) => tokenOf(pid)))).not.toContain(undefined);
      await end(folder, { graceMs: 1_000 });
      expect(await Promise.all(left.map((pid) => tokenOf(pid)))).toEqual([undefined, undefined]);
      expect(await tokenOf(ours.pid!)).toBeDefined();
    } finally {
      ours.kill();
    }
  });

  it('that could not begin is begun by the next call', async () => {
    const folder = path.join(home, 'run');
    const refused = launch(folder, { command: 'true', cwd: path.join(home, 'nowhere'), env: process.env });
    await expect(refused).rejects.toThrow('ENOENT');
    expect(await stateOf(folder)).toEqual({ is: 'absent' });
    await launch(folder, { command: 'exit 4', cwd: home, env: process.env });
    expect(await exited(folder)).toEqual({ is: 'exited', code: 4 });
  });

  it('has ended even if it left processes running, which are ended with it', async () => {
    const folder = await launched(`setsid sh -c 'while :; do sleep 1; done' ${home}/left & exit 3`);
    expect(await exited(folder)).toEqual({ is: 'exited', code: 3 });
    await end(folder, { graceMs: 1_000 });
    expect(await running(home)).toEqual([]);
  });

  it('that ignores SIGTERM is ended together with a dozen others', async () => {
    const dozen = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        launched(`trap '' TERM; touch ${home}/begun-${n}; while :; do sleep 0.1; done # ${home}`),
      ),
    );
    for (const n of dozen.keys()) await begun(`begun-${n}`);
    expect(await endAll(dozen, { graceMs: 200 })).toEqual([]);
    expect(await running(home)).toEqual([]);
  });
});

describe('a command of another container', () => {
  it('counts as dead only when its lease expires, whatever its pid', async () => {
    const folder = await launched('sleep 60');
    await until('it has begun', () => existsSync(path.join(folder, 'begun')));
    await end(folder, { graceMs: 0 });
    expect(await stateOf(folder)).toEqual({ is: 'vanished' });
    await cameFrom(folder, await elsewhere());
    expect(await stateOf(folder)).toMatchObject({ is: 'running' });
    const now = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(now + LEASE_MS + 1_000);
    expect(await stateOf(folder)).toEqual({ is: 'vanished' });
    await cameFrom(folder, (await ownOrigin())!);
  });

  it('ends on request, although no process here can reach it', async () => {
    const folder = await launched(`sleep 60 # ${home}`);
    await until('it has begun', () => existsSync(path.join(folder, 'begun')));
    await cameFrom(folder, await elsewhere(), { pid: 2 ** 22 + 1 });
    expect(await endAll([folder], { graceMs: 10_000 })).toEqual([]);
    expect(await running(home)).toEqual([]);
  });

  it('that has ended is reported like any other, and nobody waits for it', async () => {
    const folder = await launched('exit 2');
    await exited(folder);
    await until('its supervisor is done', () => !existsSync(path.join(folder, 'alive')));
    await cameFrom(folder, await elsewhere());
    expect(await stateOf(folder)).toEqual({ is: 'exited', code: 2 });
    expect(await endAll([folder], { graceMs: 0 })).toEqual([]);
  });
});

const US = { boot: 'b1', namespace: 'n1', machine: 'm1' };
it.each([
  ['our own', US, 'here'],
  ['a record without an origin', undefined, 'here'],
  ['another container', { ...US, namespace: 'n2' }, 'elsewhere'],
  ['an earlier boot of this machine', { ...US, boot: 'b0' }, 'over'],
  ['another machine', { ...US, boot: 'b0', machine: 'm2' }, 'elsewhere'],
  ['a machine without an id', { boot: 'b0', namespace: 'n1' }, 'elsewhere'],
])('whether our process sees one from %s', (_, origin, expected) => {
  expect(seen(origin, US)).toBe(expected);
});
