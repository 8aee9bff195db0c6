import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import {
  ANSWERED,
  Availability,
  identityOf,
  modelAnswered,
  type Trial,
} from '../../../../activities/adapters/agents/availability.ts';
import { removeFolder } from '../../../support/folders.ts';
import { exclusivelyIn } from '../../../../activities/adapters/processes/exclusive.ts';
import { stateIn } from '../../../support/state/databases.ts';

jest.setTimeout(60_000);

const AGENT = identityOf({ program: 'codex', secrets: [], env: {}, home: '/home/ana' });
const START = Date.parse('2026-01-01T00:00:00.000Z');
const at = (minutes: number) => new Date(START + minutes * 60_000).toISOString();

let home: string;
let now: number;
let trials: Record<string, Trial>;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-availability-'));
  now = START;
  trials = {};
  jest.spyOn(Date, 'now').mockImplementation(() => now);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await removeFolder(home);
});

/** Opens the registry as another worker would. */
const open = () => new Availability(home, exclusivelyIn(home, stateIn(home)), async (key) => trials[key] ?? 'unsent');
const ask = (key: string, agent = AGENT) => open().ask(agent, key);
const refuse = (key: string, over: { because?: string; until?: string } = {}, agent = AGENT) =>
  open().refuse(agent, key, { because: 'usage limit reached', ...over });
const after = (minutes: number) => (now = START + minutes * 60_000);

describe('an identity', () => {
  const identity = { program: 'codex', secrets: ['B', 'A'], env: { X: '1', Y: '2' }, home: '/home/ana' };
  it('is the same whatever the order of its parts', () => {
    expect(identityOf({ ...identity, secrets: ['A', 'B'], env: { Y: '2', X: '1' } })).toBe(identityOf(identity));
  });
  it.each([{ program: 'claude' }, { secrets: ['A'] }, { env: { X: '2', Y: '2' } }, { home: '/home/bo' }])(
    'is another one with %j',
    (other) => expect(identityOf({ ...identity, ...other })).not.toBe(identityOf(identity)),
  );
});

describe('an agent', () => {
  it('is available until a job is refused, and others are not concerned', async () => {
    expect(await ask('a')).toBeUndefined();
    expect(await open().isQuiet()).toBe(true);
    await refuse('a');
    expect(await open().isQuiet()).toBe(false);
    expect(await ask('b')).toEqual({ because: 'usage limit reached', until: at(1), since: at(0) });
    expect(await ask('b', identityOf({ program: 'claude', secrets: [], env: {}, home: '/home/ana' }))).toBeUndefined();
  });

  it('is tried after 1, 2, 4, 8, 16, 30, 30 minutes', async () => {
    await refuse('0');
    let due = 1;
    for (const [n, pause] of [2, 4, 8, 16, 30, 30, 30].entries()) {
      after(due - 0.01);
      expect(await ask(`${n + 1}`)).toMatchObject({ until: at(due) });
      after(due);
      expect(await ask(`${n + 1}`)).toBeUndefined();
      expect(await refuse(`${n + 1}`)).toMatchObject({ until: at((due += pause)), since: at(0) });
    }
  });

  it('is tried at the time that it named, unless that is over', async () => {
    expect(await refuse('a', { until: at(300) })).toMatchObject({ until: at(300) });
    after(299);
    expect(await ask('b')).toBeDefined();
    after(300);
    expect(await ask('b')).toBeUndefined();
    expect(await refuse('b', { until: at(200) })).toMatchObject({ until: at(302) });
  });

  it('is tried less and less often if it names a time again and again, and then refuses', async () => {
    const pauses: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      const { until } = await refuse(`${n}`, { until: new Date(now + 5_000).toISOString() });
      pauses.push((Date.parse(until!) - now) / 1_000);
      now = Date.parse(until!);
      await ask(`${n + 1}`);
    }
    expect(pauses).toEqual([5, 5, 5, 60, 120, 240, 480, 960]);
  });

  it('is tried by exactly one of many jobs that ask at once, from several workers', async () => {
    await refuse('a');
    after(1);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(`job-${n}`)));
    expect(answers.filter((reported) => reported === undefined)).toHaveLength(1);
  });

  it.each<[string, Trial, number, boolean]>([
    ['waits for it while that works', 'at-work', 60, false],
    ['waits for it until that is sent', 'unsent', 1.4, false],
    ['tries instead if that was not sent in time', 'unsent', 1.6, true],
    ['tries instead once that was stopped or killed', 'gone', 1, true],
    ['begins once that has an answer', 'available', 1, true],
  ])('is tried by one job, and another one %s', async (_, trial, minutes, begins) => {
    await refuse('a');
    after(1);
    expect(await ask('b')).toBeUndefined();
    trials['b'] = trial;
    after(minutes);
    const reported = await ask('c');
    expect(reported === undefined).toBe(begins);
    if (!begins) expect(reported).toMatchObject({ tried: 'b' });
    expect(await open().isQuiet()).toBe(trial === 'available');
  });

  it('counts its refusals anew once it was available', async () => {
    for (const [key, minutes] of [
      ['a', 0],
      ['b', 1],
      ['c', 3],
    ] as const) {
      after(minutes);
      await ask(key);
      await refuse(key);
    }
    after(7);
    await ask('d');
    trials['d'] = 'available'; // nobody has asked since
    after(60);
    expect(await refuse('d')).toEqual({ because: 'usage limit reached', until: at(61), since: at(60) });
  });

  it('is not counted twice as refusing the same job, whose worker was killed before it had noted that', async () => {
    await refuse('a');
    after(1);
    await ask('b');
    const first = await refuse('b');
    after(2);
    expect(await refuse('b')).toEqual(first);
  });

  it('that refuses a job from before is not tried later for that, and has its reason and time updated', async () => {
    await refuse('a');
    after(0.5);
    expect(await refuse('old', { because: 'no credit' })).toEqual({ because: 'no credit', until: at(1), since: at(0) });
    expect(await refuse('older', { until: at(90) })).toMatchObject({ until: at(90) });
  });

  it('is available when its model is known to have answered', async () => {
    await refuse('a');
    await open().answered(AGENT);
    expect(await ask('b')).toBeUndefined();
  });

  it('is available if its record is broken', async () => {
    await refuse('a');
    const [name] = await readdir(path.join(home, 'unavailable'));
    await writeFile(path.join(home, 'unavailable', name!), '{"because":');
    expect(await ask('b')).toBeUndefined();
    expect(await refuse('b')).toMatchObject({ until: at(1) });
  });

  it('has its answer noted by a job of ours, in the file that the environment names', async () => {
    await modelAnswered({});
    const file = path.join(home, 'x', 'answered');
    await modelAnswered({ [ANSWERED]: file });
    expect(await readFile(file, 'utf8')).toBe('');
  });
});

it('workers that are killed at any moment leave the registry usable', async () => {
  jest.restoreAllMocks();
  const of = (file: string) => JSON.stringify(fileURLToPath(new URL(`../../../../${file}`, import.meta.url)));
  const code = `import { Availability } from ${of('activities/adapters/agents/availability.ts')};
    import { exclusivelyIn } from ${of('activities/adapters/processes/exclusive.ts')};
    import { stateIn } from ${of('test/support/state/databases.ts')};
    const home = ${JSON.stringify(home)};
    const registry = new Availability(home, exclusivelyIn(home, stateIn(home)), async () => 'gone');
    console.log('begun');
    for (let n = 0; ; n += 1) {
      const key = process.pid + '-' + n;
      if ((await registry.ask('agent', key)) === undefined) await registry.refuse('agent', key, { because: 'no', until: new Date(Date.now() + 5).toISOString() });
    }`;
  const file = path.join(home, 'worker.mts');
  await writeFile(file, code);
  for (let n = 0; n < 5; n += 1) {
    const worker = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => worker.stdout.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20 + 37 * n));
    worker.kill('SIGKILL');
    const registry = new Availability(home, exclusivelyIn(home, stateIn(home)), async () => 'gone');
    await registry.refuse('agent', `after-${n}`, { because: 'still not' });
    expect(await registry.ask('agent', 'another')).toMatchObject({ because: 'still not' });
    await registry.answered('agent');
    expect(await registry.ask('agent', 'another')).toBeUndefined();
  }
});
