import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandReleases } from '../../../../activities/adapters/local/command-releases.ts';
import { stateMeter } from '../../../../activities/adapters/local/meter.ts';
import { markdownTracker } from '../../../../activities/adapters/local/markdown-tracker.ts';
import { launch } from '../../../../activities/adapters/processes/processes.ts';
import { overBudget, metered } from '../../../../activities/budget.ts';
import type { JobReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { inCheckouts } from '../../../support/local.ts';
import { program } from '../../../support/programs.ts';
import { stateIn } from '../../../support/state/databases.ts';
import { until } from '../../../support/until.ts';

let root: string;
beforeEach(async () => void (root = await mkdtemp(path.join(tmpdir(), 'gatehouse-records-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a directory of Markdown issues as a tracker', () => {
  const where = { workspace: 'default', repository: '/srv/shop.git' };
  const issue = { ...where, key: 'run/default/A/2-tracker', title: 'Tech debt: “totals”', body: 'Found: x' };
  const folder = () => path.join(root, 'issues', 'default');
  const read = (name: string) => readFile(path.join(folder(), name), 'utf8');

  it('files an issue once per key', async () => {
    const tracker = markdownTracker({ root, state: stateIn(root) });
    const filed = await Promise.all([tracker.file(issue), tracker.file(issue), tracker.file(issue)]);
    expect(new Set(filed.map((each) => each?.id))).toEqual(new Set(['ISSUE-1']));
    expect((await tracker.file({ ...issue, key: 'other' }))?.id).toBe('ISSUE-2');
    expect(await read('ISSUE-1.md')).toMatch(/^---\ntitle: "Tech debt: “totals”"\nstate: "open"\n---\nFound: x/);
    expect((await readdir(folder())).sort()).toEqual(['ISSUE-1.md', 'ISSUE-2.md']);
  });
  it('comments once per key, and closes an issue without changing what people wrote', async () => {
    const tracker = markdownTracker({ root, state: stateIn(root) });
    await mkdir(folder(), { recursive: true });
    await writeFile(path.join(folder(), 'PAY-1.md'), '---\ntitle: Totals\nlabels: [money]\n---\nMine.\n');
    const note = { ...where, key: 'k/opened', issue: 'PAY-1', text: 'Pull request 1 was opened.', resolve: false };
    expect([await tracker.tell(note), await tracker.tell(note)]).toEqual([true, true]);
    await tracker.tell({ ...note, key: 'k/merged', text: 'It was merged.', resolve: true });
    const text = await read('PAY-1.md');
    expect(text.match(/Pull request 1/g)).toHaveLength(1);
    expect(text).toMatch(/^---\ntitle: Totals\nlabels: \[ ?money ?\]\nstate: closed\n---\nMine\.[^]*It was merged\./);
  });
  it('adds a state to an issue without front matter, and reports a missing issue', async () => {
    const tracker = markdownTracker({ root, state: stateIn(root), issues: path.join(root, 'elsewhere') });
    await mkdir(path.join(root, 'elsewhere', 'default'), { recursive: true });
    const file = path.join(root, 'elsewhere', 'default', 'PAY-2.md');
    await writeFile(file, 'Only text.\n');
    const note = { ...where, key: 'k', issue: 'PAY-2', text: 'Merged.', resolve: true };
    expect(await tracker.tell(note)).toBe(true);
    expect(await readFile(file, 'utf8')).toMatch(/^---\nstate: closed\n---\nOnly text\./);
    expect(await tracker.tell({ ...note, issue: 'PAY-3' })).toBe(false);
    expect(await tracker.tell({ ...note, issue: '../../etc/passwd' })).toBe(false);
  });
});

describe('the meter', () => {
  it('counts each job once, even across the end of a month and across workers', async () => {
    const [one, other] = [stateMeter({ state: stateIn(root) }), stateMeter({ state: stateIn(root) })];
    await one.record({ key: 'a', at: '2026-10-31T23:59:59Z', costCents: 5 });
    await other.record({ key: 'a', at: '2026-11-01T00:00:01Z', costCents: 5 });
    await other.record({ key: 'b', at: '2026-11-02T00:00:00Z', costCents: 0.5 });
    expect([await one.spent('2026-10'), await one.spent('2026-11'), await one.spent('2026-12')]).toEqual([5, 0.5, 0]);
    await one.record({ key: 'c', at: '2026-11-02T00:00:00Z', costCents: 2 });
    expect(await other.spent('2026-11')).toBe(2.5);
  });
  it('reports a month over its budget; spending exactly the budget is allowed', async () => {
    const meter = stateMeter({ state: stateIn(root) });
    const used = (costCents: number): JobReport => ({
      is: 'completed',
      summary: '',
      changed: false,
      foreign: [],
      usage: { costCents },
    });
    await metered(meter, 'a', used(5));
    await metered(meter, 'b', used(0));
    await metered(meter, 'c', { is: 'stopped', because: 'x' });
    expect(await overBudget(meter, undefined)).toBeUndefined();
    expect(await overBudget(meter, 5)).toBeUndefined();
    expect(await overBudget(meter, 4)).toContain('5 of 4 cents');
  });
});

describe('a command as the reader of a release', () => {
  let change: Change;
  let merge: string;
  async function repositoryWith(release: string) {
    const repository = path.join(root, 'shop');
    await program('git', ['init', '--quiet', '--initial-branch', 'main', repository]);
    await writeFile(path.join(repository, '.gatehouse.yml'), release);
    const as = ['-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example', '-c', 'commit.gpgsign=false'];
    await program('git', ['add', '--all'], { cwd: repository });
    await program('git', [...as, 'commit', '--quiet', '-m', 'first'], { cwd: repository });
    merge = (await program('git', ['rev-parse', 'HEAD'], { cwd: repository })).stdout;
    change = { repository, base: 'main', branch: 'main', basis: merge };
  }
  const releases = () => commandReleases(inCheckouts({ root: path.join(root, 'data'), environment: process.env }));

  it('reads the signals in a checkout of the merge commit, and leaves nothing behind', async () => {
    const script = `release:\n  command: 'test -e .gatehouse.yml && echo "{\\"signals\\":[{\\"id\\":\\"$GATEHOUSE_MERGE_COMMIT\\",\\"state\\":\\"ok\\"}]}"'\n`;
    await repositoryWith(script);
    expect(await releases().examine(change)).toEqual({ configured: true });
    expect(await releases().look(change, merge)).toEqual([{ id: merge, state: 'ok' }]);
    expect(await readdir(path.join(root, 'data', 'releases'))).toEqual([]);
  });
  it.each([
    ['fails', 'echo sorry >&2; exit 3', /ended with 3: sorry/],
    ['prints no JSON', 'echo hello', /printed no/],
    ['prints another shape', `echo '{"signals":[{"id":"a","state":"odd"}]}'`, /printed no/],
  ])('fails as transient if it %s [A-105]', async (_, command, because) => {
    await repositoryWith(`release:\n  command: ${JSON.stringify(command)}\n`);
    await expect(releases().look(change, merge)).rejects.toThrow(because);
  });
  // Processes of this test only, because others on the machine may sleep as well.
  const SLEEP = `sleep 300.${process.pid}`;
  const HANGS = `release:\n  command: ${SLEEP}\n`;
  const processes = async () =>
    (await program('ps', ['-eo', 'args='])).stdout.split('\n').filter((each) => each.includes(SLEEP));
  const left = () => readdir(path.join(root, 'data', 'releases'));

  it('is ended by an orderly stop, and leaves nothing behind', async () => {
    await repositoryWith(HANGS);
    const reader = releases();
    const look = reader.look(change, merge).catch((failure: unknown) => failure);
    await until('it reads', async () => (await processes()).length > 0 || undefined);
    await reader.close!();
    expect(await look).toBeInstanceOf(Error);
    expect([await processes(), await left()]).toEqual([[], []]);
  });
  it('has its remaining processes ended, even those that have left its group', async () => {
    const signals = `echo '{"signals":[]}'`;
    const command = `setsid sh -c '${SLEEP}; : ${root}' > /dev/null 2>&1 & ${SLEEP} & ${signals}`;
    await repositoryWith(`release:\n  command: ${JSON.stringify(command)}\n`);
    expect(await releases().look(change, merge)).toEqual([]);
    expect([await processes(), await left()]).toEqual([[], []]);
  });
  it('clears away a reading that a killed worker has left', async () => {
    await repositoryWith(HANGS);
    const folder = path.join(root, 'data', 'releases', 'left');
    await launch(path.join(folder, 'run'), { command: SLEEP, cwd: root, env: process.env });
    releases();
    await until('it is gone', async () => (await left()).length === 0 || undefined);
    expect(await processes()).toEqual([]);
  });
  it('is not configured if the repository’s settings have none [A-099]', async () => {
    await repositoryWith('agents: { default: node a.mjs }\n');
    expect(await releases().examine(change)).toEqual({ configured: false });
    expect(await releases().look(change, merge)).toEqual([]);
  });
});
