import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { Trash } from '../../../activities/adapters/files/trash.ts';
import { signalOf } from '../../../workflows/contracts/messages.ts';
import { environmentIdOf, runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { now } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { bareGit, makeLargeRepository, removeTree } from '../large-repository.ts';
import { METRICS, type MetricId } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Stage } from '../stage.ts';
import { AGENT, SERVER, SETTINGS } from './repository-files.ts';
import { workspaceIn } from '../../support/local.ts';

const QUEUE = 'repository';
/** The time limit of one run, in milliseconds: for its first examination, six checkouts and a person. */
const RUN_MS = 900_000;

/** The folders of the scenario: the owner's repository, bare git's copies of it, and our data. */
interface Place {
  home: string;
  owner: string;
  /** The repositories of the bare git script: a clone with a checkout for the owner, and a bare mirror. */
  clone: string;
  mirror: string;
  data: string;
}

type Samples = Record<'floor' | 'gatehouse', number[]>;

/**
 * Measures the cost of a large repository: a first and a second checkout, its removal, and a whole run with a preview, two
 * checks and a merge. The floor is bare git, called by a script for the same steps. They take turns, on the same disk, and
 * neither begins while files of the other are still being written or removed.
 */
export async function repository(stage: Stage, pace: Pace, book: Book): Promise<void> {
  const home = await stage.cluster.folder('large'); // It is removed together with the cluster.
  const place = {
    home,
    owner: path.join(home, 'owner'),
    clone: path.join(home, 'clone'),
    mirror: path.join(home, 'mirror.git'),
    data: path.join(home, 'data'),
  };
  try {
    stage.say(`making a repository of ${pace.repository.files} files`);
    await makeLargeRepository(place.owner, pace.repository, {
      '.gatehouse.yml': SETTINGS,
      'agent.mjs': AGENT,
      'server.mjs': SERVER,
    });
    stage.say(`its history is ${await historyOf(place.owner)}`);
    await bareGit(home, 'clone', '--quiet', place.owner, place.clone);
    await bareGit(place.clone, 'config', 'user.name', 'Ana');
    await bareGit(place.clone, 'config', 'user.email', 'ana@shop.example');
    await checkouts(stage, place, pace, book);
    await runs(stage, place, pace, book);
  } finally {
    await removeTree(home);
  }
}

const historyOf = async (owner: string): Promise<string> =>
  /^size-pack: (.*)$/m.exec(await bareGit(owner, 'count-objects', '-vH'))?.[1] ?? 'of unknown size';

/**
 * Measures checkouts and their removal. The first checkout includes the creation of our copy, and of the mirror for bare
 * git.
 */
async function checkouts(stage: Stage, place: Place, pace: Pace, book: Book): Promise<void> {
  const workspace = workspaceIn(place.data);
  const trash = new Trash(place.data);
  const tip = await bareGit(place.owner, 'rev-parse', 'main');
  const trees = path.join(place.data, 'bench');
  const [first, second, removal] = [newSamples(), newSamples(), newSamples()];
  await mkdir(trees, { recursive: true });

  for (let n = 0; n <= pace.checkouts; n += 1) {
    stage.say(`checkout ${n + 1} of ${pace.checkouts + 1}`);
    const [theirs, ours] = [path.join(trees, `bare-${n}`), path.join(trees, `ours-${n}`)];
    const into = n === 0 ? first : second;
    const bare = async () => {
      if (n === 0) await bareGit(place.home, 'clone', '--quiet', '--bare', '--no-local', place.owner, place.mirror);
      await bareGit(place.mirror, 'worktree', 'add', '--quiet', '--detach', theirs, tip);
    };
    const turns = [
      async () => into.floor.push(await timed(bare)),
      async () => into.gatehouse.push(await timed(() => workspace.checkout(place.owner, tip, ours))),
    ];
    for (const turn of n % 2 === 0 ? turns : turns.reverse()) await turn();
    removal.gatehouse.push(await timed(() => trash.take(ours)));
    removal.floor.push(await timed(() => removeTree(theirs)));
    await trash.emptied();
  }
  note(book, 'repository-first', first);
  note(book, 'repository-second', second);
  note(book, 'repository-removal', removal);
}

async function runs(stage: Stage, place: Place, pace: Pace, book: Book): Promise<void> {
  const worker = await stage.besides('repository', 'gatehouse/local.ts', QUEUE, { GATEHOUSE_DATA: place.data });
  const [spent, took, removals] = [newSamples(), newSamples(), newSamples()];
  const clock = setInterval(() => stage.say('… still running'), 15_000);
  try {
    await worker.start();
    for (let n = 0; n < pace.repositoryRuns; n += 1) {
      stage.say(`human-review on it: run ${n + 1} of ${pace.repositoryRuns}, bare git first`);
      const floor = await bareRun(place, `bare-${n}`);
      stage.say(`bare git took ${(floor / 1_000).toFixed(1)} s`);
      spent.floor.push(floor);
      await flushed();
      const run = await humanReview(stage, place);
      await emptied(place);
      spent.gatehouse.push(run.git);
      took.gatehouse.push(run.ms);
      removals.gatehouse.push(run.removals);
    }
  } finally {
    clearInterval(clock);
    await worker.stop();
  }
  note(book, 'repository-git', spent);
  note(book, 'repository-run', took);
  note(book, 'repository-removals', removals);
}

/**
 * Runs `human-review` from start to merge, with a person who answers at once. Returns its time, the time of its git calls,
 * and that of removals for which somebody waited.
 */
async function humanReview(stage: Stage, { owner }: Place): Promise<Record<'ms' | 'git' | 'removals', number>> {
  const task = stage.name('large');
  const sums = { git: 0, removal: 0 };
  const calls: Record<string, { times: number; ms: number }> = {};
  const over = stage.effects.follow(({ effect }) => {
    const [, what, ms, call = ''] = /^(git|removal) ([\d.]+) ?(.*)/.exec(effect) ?? [];
    if (!what) return;
    sums[what as keyof typeof sums] += Number(ms);
    const { times, ms: before } = calls[call] ?? { times: 0, ms: 0 };
    calls[call] = { times: times + 1, ms: before + Number(ms) };
  });
  const ready = stage.effects.next(`${task} human_test_ready`, RUN_MS);
  const workflowId = runIdOf('default', task);
  const begun = now();
  const input = { task: { id: task, title: 'A task' }, change: { repository: owner }, pipeline: 'human-review' };
  const handle = await stage.client.workflow.start('pipelineRun', { workflowId, taskQueue: QUEUE, args: [input] });
  const ended = handle.result() as Promise<{ outcome: string }>;
  await Promise.race([ready, ended]);
  await handle.signal(signalOf('confirm'), { by: 'bo' });
  const { outcome } = await ended;
  if (outcome !== 'merged') throw new Error(`${task} ended as ${outcome}.`);
  const run = { ms: now() - begun, git: sums.git, removals: sums.removal };
  await stage.bare(environmentIdOf('default', task)).result();
  over();
  const most = Object.entries(calls).sort(([, a], [, b]) => b.ms - a.ms);
  for (const [call, { times, ms }] of most.slice(0, 12)) stage.say(`${Math.round(ms)} ms in ${times} × ${call}`);
  return run;
}

/**
 * Does the same with bare git, like a careful script: fetches, reads the settings, and makes checkouts for coder,
 * reviewer, preview, two checks and merger. Commits and pushes the change of the coder, verifies that reviewer and merger
 * changed nothing and that the merge has no conflict, and fetches again to detect other changes. Then merges in the
 * checkout of the owner, and deletes the branch. It makes one call for each and never polls.
 */
async function bareRun({ mirror, clone, home }: Place, branch: string): Promise<number> {
  const trees = path.join(home, branch);
  await mkdir(trees);
  const tree = (name: string) => path.join(trees, name);
  const add = (name: string, commit: string) =>
    bareGit(mirror, 'worktree', 'add', '--quiet', '--detach', tree(name), commit);
  const ms = await timed(async () => {
    const fetch = () => bareGit(mirror, 'fetch', '--quiet', clone, '+refs/heads/main:refs/heads/main');
    const status = (name: string) => bareGit(tree(name), 'status', '--porcelain');
    await fetch();
    const base = await bareGit(mirror, 'rev-parse', 'main');
    await bareGit(mirror, 'show', `${base}:.gatehouse.yml`);
    await add('coder', base);
    await writeFile(path.join(tree('coder'), `${branch}.txt`), branch);
    await status('coder');
    await bareGit(tree('coder'), 'add', '--all');
    await bareGit(tree('coder'), '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--quiet', '-m', branch);
    const head = await bareGit(tree('coder'), 'rev-parse', 'HEAD');
    await bareGit(clone, 'fetch', '--quiet', mirror, `${head}:refs/heads/${branch}`);
    for (const reader of ['reviewer', 'preview', 'check-1', 'check-2', 'merger']) await add(reader, head);
    for (const reader of ['reviewer', 'merger']) await status(reader);
    await fetch();
    await bareGit(mirror, 'merge-base', '--is-ancestor', base, head);
    await bareGit(mirror, 'merge-tree', '--write-tree', base, head);
    await bareGit(clone, 'merge', '--quiet', '--no-ff', '--no-edit', branch);
    await bareGit(clone, 'branch', '--quiet', '-D', branch);
  });
  await removeTree(trees);
  await bareGit(mirror, 'worktree', 'prune');
  return ms;
}

const flushed = () => execa('sync');

/**
 * Waits until the worker's trash is empty, so that bare git does not run while the worker removes files in the background.
 */
async function emptied({ data }: Place): Promise<void> {
  while ((await readdir(path.join(data, 'trash'))).length > 0) await pause(100);
}

const newSamples = (): Samples => ({ floor: [], gatehouse: [] });

/** Measures the work after flushing earlier writes to the disk, so that they do not count. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  await flushed();
  const begun = now();
  await work();
  return now() - begun;
}

function note(book: Book, id: MetricId, { floor, gatehouse }: Samples): void {
  const seconds = (all: number[]) => figure([METRICS[id].unit === 's' ? all.map((ms) => ms / 1_000) : all]);
  book.add(
    { id, ...METRICS[id] },
    { ...(floor.length > 0 && { floor: seconds(floor) }), gatehouse: seconds(gatehouse) },
  );
}
