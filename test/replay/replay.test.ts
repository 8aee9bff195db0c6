import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { historyFiles, historyText, packed } from '../../client/offline/histories.ts';
import { cli } from '../support/stack.ts';
import { changedBundle } from '../upgrade/builds.ts';
import { HISTORIES } from './corpus.ts';
import { program } from '../support/programs.ts';

jest.setTimeout(300_000);

const root = fileURLToPath(new URL('../..', import.meta.url));
const MOST_BYTES = 4_000_000;

interface Result {
  file: string;
  ok: boolean;
  because?: string;
}

const replay = async (...places: string[]) => {
  const { exitCode, stdout, stderr } = await program(process.execPath, [cli, 'replay', ...places, '--json'], {
    env: { NODE_OPTIONS: '' },
    reject: false,
  });
  return { exitCode, stderr, results: JSON.parse(stdout) as Result[] };
};
const recorded = (name: string) => path.join(HISTORIES, '1', `${name}.json.gz`);
const named = (results: Result[]) => results.map(({ file }) => path.basename(file, '.json.gz'));

/** Because bundling the code takes longer than replaying a few. */
describe('in one call,', () => {
  let files: string[];
  let broken: string;
  let replayed: Awaited<ReturnType<typeof replay>>;
  const below = (place: string) => replayed.results.filter(({ file }) => file.startsWith(`${place}${path.sep}`));

  beforeAll(async () => {
    files = (await historyFiles(HISTORIES))!;
    broken = await mkdtemp(path.join(tmpdir(), 'gatehouse-replay-'));
    const history = JSON.parse(await historyText(recorded('human-review-run')));
    const [payload] = history.events[0].workflowExecutionStartedEventAttributes.input.payloads;
    const input = JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8'));
    const shorter = { ...input, pipeline: { steps: [{ kind: 'coder' }] } };
    payload.data = Buffer.from(JSON.stringify(shorter)).toString('base64');
    await mkdir(path.join(broken, 'below'));
    await writeFile(path.join(broken, 'a.json'), JSON.stringify(history));
    await writeFile(path.join(broken, 'below', 'b.json.gz'), packed({ events: 'none' }));
    await writeFile(path.join(broken, 'below', 'c.json.gz'), await readFile(recorded('stopped-run')));
    await writeFile(path.join(broken, 'notes.txt'), 'not a history');
    replayed = await replay(HISTORIES, broken);
  });
  afterAll(() => rm(broken, { recursive: true, force: true }));

  it('the current code replays every recorded history', () => {
    expect(files.length).toBeGreaterThanOrEqual(8);
    const results = below(HISTORIES);
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results.map(({ file }) => file)).toEqual(files);
  });

  it('replay reports histories of other code and invalid files, and accepts its own', () => {
    expect(replayed.exitCode).toBe(1);
    expect(below(broken)).toMatchObject([
      { ok: false, because: expect.stringContaining('TMPRL1100') },
      { ok: false, because: expect.stringContaining('no history: expected the JSON of a history') },
      { ok: true },
    ]);
    expect(replayed.stderr).toContain(`BROKEN ${path.join(broken, 'a.json')}`);
  });
});

it('a swapped order of awaits in a gate breaks exactly the histories that went through it', async () => {
  const [first, second] = ['const merges = await ctx.base.mergeability(view);', 'await ctx.checks(view);'];
  const planted = await changedBundle([['gates/merger.ts', first!, `${second}\n  ${first}`]]);
  const script = path.join(root, 'test', 'replay', 'on-other-code.ts');
  const args = ['--import', 'tsx', script, planted, path.join(HISTORIES, '1')];
  const { stdout } = await program(process.execPath, args, { env: { NODE_OPTIONS: '' }, cwd: root });
  const results = JSON.parse(stdout) as Result[];
  expect(named(results.filter(({ ok }) => !ok))).toEqual(['full-run', 'human-review-run', 'released-run']);
  for (const { ok, because } of results) if (!ok) expect(because).toMatch(/TMPRL1100.*Nondeterminism/);
});

describe('the corpus', () => {
  const PLACES = [root, homedir(), tmpdir()]
    .map((place) => place.replace(/\/$/, ''))
    .filter((place) => place.length > 1);
  const FOREIGN =
    /"(identity|stackTrace)"|node_modules|file:\/\/\/(?!srv)|(?<![\w:/.-])\/(home|Users|root|tmp|work)\/|[A-Z]:\\\\/;

  /** All text in a history, including payloads. */
  const textOf = async (file: string): Promise<string> =>
    (await historyText(file)).replace(/"data":\s*"([\w+/=]+)"/g, (_, data) =>
      Buffer.from(data, 'base64').toString('utf8'),
    );

  it('contains no name of a machine or person, and no stack trace', async () => {
    const names = [...PLACES, ...(/[\d.-]/.test(hostname()) ? [hostname()] : [])];
    for (const file of (await historyFiles(HISTORIES))!) {
      const text = await textOf(file);
      expect({ file, found: FOREIGN.exec(text)?.[0] ?? names.find((name) => text.includes(name)) }).toEqual({ file });
    }
  });

  it('stays below its size limit', async () => {
    const sizes = await Promise.all((await historyFiles(HISTORIES))!.map(async (file) => (await stat(file)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
  });
});
