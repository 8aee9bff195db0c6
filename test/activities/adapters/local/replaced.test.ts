import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { jest } from '@jest/globals';
import { foldersOf, safeName } from '../../../../activities/adapters/files/folders.ts';
import { commandExecutor } from '../../../../activities/adapters/local/command-executor/index.ts';
import { tailOf } from '../../../../activities/adapters/processes/logs.ts';
import { end, endAll, launch, stateOf } from '../../../../activities/adapters/processes/processes.ts';
import type { Job } from '../../../../workflows/contracts/activities.ts';
import { AgentRig } from '../../../support/agents.ts';
import { inCheckouts } from '../../../support/local.ts';
import { running } from '../../../support/running.ts';
import { until } from '../../../support/until.ts';

/**
 * An agent, a check or a preview may replace a record or a log of ours, which is next to its checkout. We never wait for
 * such a thing or read it endlessly, and the job still ends.
 */
jest.setTimeout(90_000);

const KINDS = {
  'a pipe': (place: string) => void execFileSync('mkfifo', [place]),
  'a link to an endless device': (place: string) => symlinkSync('/dev/zero', place),
  'a folder': (place: string) => mkdirSync(path.join(place, 'in it'), { recursive: true }),
};
const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
function replace(place: string, kind: keyof typeof KINDS): void {
  rmSync(place, { recursive: true, force: true });
  KINDS[kind](place);
}

let rig: AgentRig;
beforeEach(async () => {
  rig = await AgentRig.create();
});
afterEach(() => rig.dispose());
const at = (...names: string[]) => path.join(rig.home, ...names);

describe.each(kinds)('%s', (kind) => {
  it.each(['result.json', 'shown.json', 'answered', 'tree'].map((name) => [name]))(
    'in place of %s: the job ends, and nothing of it is left running',
    (name) => ends(name, kind),
  );
  it.each(['launched', 'process.json', 'exit', 'alive', 'end'].map((name) => [path.join('run', name)]))(
    'in place of %s: the job ends, and nothing of it is left running',
    (name) => ends(name, kind),
  );

  it('in place of a log is not read endlessly', async () => {
    const folder = at('run');
    await launch(folder, { command: 'echo said', cwd: rig.home, env: process.env });
    await until('it has ended', async () => (await stateOf(folder)).is === 'exited');
    replace(path.join(folder, 'stdout.log'), kind);
    expect(await tailOf(folder, 'stdout', 100)).toBe('');
    await end(folder, { graceMs: 0 });
  });
});

it('a process whose record is no longer JSON is still ended by its folder', async () => {
  const folder = at('run');
  const command = `echo '{' > ${folder}/process.json; echo said; sleep 60 # ${rig.home}`;
  await launch(folder, { command, cwd: rig.home, env: process.env });
  await until('it is at work', async () => (await tailOf(folder, 'stdout', 5)) === 'said\n');
  expect(await endAll([folder], { graceMs: 1_000 })).toEqual([]);
  expect(await running(rig.home)).toEqual([]);
});

/** Replaces a record while the job's agent works, and expects that the job still ends. */
async function ends(name: string, kind: keyof typeof KINDS): Promise<void> {
  const executor = commandExecutor(inCheckouts({ root: at('data'), environment: process.env }));
  const by = { activity: 'a-run 1', n: 1, at: 1 };
  const job: Job = await rig.job(`echo $T > x.txt; echo begun; until [ -e $T/go ]; do sleep 0.02; done`);
  await executor.ensure(job, by);
  const folder = path.join(foldersOf(at('data')).jobs, safeName(job.key));
  await until('it is at work', async () => (await tailOf(path.join(folder, 'run'), 'stdout', 6)) === 'begun\n');
  replace(path.join(folder, name), kind);
  mkdirSync(at('go'));
  const report = await until('it has ended', async () => {
    const look = await executor.look(job.key, by);
    return look.is !== 'running' && look;
  });
  expect(['completed', 'failed', 'evicted']).toContain(report.is);
  expect(await executor.stop(job.key, 'It is over.', by)).toBe(true);
  expect(await running(rig.home)).toEqual([]);
}
