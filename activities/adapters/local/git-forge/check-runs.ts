import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Failing } from '../../../../workflows/contracts/outcome.ts';
import type { Checks, Ledger } from '../../../ports.ts';
import { foldersOf, readJson, readText, safeName, withLock, writeJson } from '../folders.ts';
import { end, environmentFor, launch, logOf, stateOf, tailOf } from '../processes.ts';
import type { Workshop } from '../workshop.ts';

/** One run of one check, as it stands on disk beside its process. */
const Verdict = z.object({ conclusion: z.string(), round: z.string(), log: z.string() });
const Begun = z.object({ round: z.string(), branch: z.string().default('') });

/** So many checks of one commit run at a time; a check that vanished runs again so often. */
const AT_ONCE = 2;
const VANISHED_MOST = 5;
const LOG_CHARACTERS = 4_000;
const GRACE_MS = 2_000;

/** Runs the base branch's checks in clean checkouts of one commit: once per commit and name, across workers. */
export class CheckRuns {
  private readonly folders;
  private closing = false;
  /** The head that was looked at last, of each branch. */
  private readonly looked = new Map<string, string>();

  constructor(
    root: string,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly workshop: Workshop,
    private readonly ledger?: Ledger,
  ) {
    this.folders = foldersOf(root);
  }

  async look(change: Change, head: string, limits: { checkSeconds: number; round: string }): Promise<Checks> {
    const { checks } = await this.workshop.settingsOf(change);
    const names = Object.keys(checks);
    const source = await this.workshop.path(change.repository);
    const folder = path.join(this.folders.checks, safeName(source), head);
    // What runs for the branch's other heads ends when another is looked at: not with each look, for old heads are many.
    const place = `${source} ${change.branch}`;
    if (this.looked.get(place) !== head) await this.endOthers(change, head);
    this.looked.set(place, head);
    return withLock(`${folder}.lock`, async () => {
      const ended: Failing[] = [];
      const running: string[] = [];
      let active = 0;
      for (const name of names) {
        const room = active < AT_ONCE && !this.closing;
        const verdict = await this.one({ change, head, name, command: checks[name]!, folder, room, ...limits });
        if (verdict === 'running') active += 1;
        if (typeof verdict === 'string') running.push(name);
        else ended.push(verdict);
      }
      return { ended, running, none: names.length === 0 };
    });
  }

  /** Ends the branch's checks of all heads but one: nobody waits for them any more. They are forgotten, to run again. */
  async endOthers(change: Pick<Change, 'repository' | 'branch'>, except?: string): Promise<void> {
    const folder = path.join(this.folders.checks, safeName(await this.workshop.path(change.repository)));
    const names = await readdir(folder).catch((): string[] => []);
    // Of a head that is being looked at for the first time, there may be no more than its lock.
    const heads = new Set(names.map((name) => name.replace(/\.lock$/, '')).filter((name) => /^[0-9a-f]+$/.test(name)));
    for (const head of heads) {
      const at = path.join(folder, head);
      if (head !== except && (names.includes(`${head}.lock`) || (await unsettled(at))))
        await this.endAt(change.branch, at);
    }
  }

  /** A look that is at it right now is waited for: what it begins ends with the others. */
  private async endAt(branch: string, folder: string): Promise<void> {
    await withLock(`${folder}.lock`, async () => {
      for (const run of await runsBelow(folder, 2)) {
        const begun = await readJson(path.join(run, 'begun.json'), Begun);
        if (begun?.branch !== branch || !(await isOpen(run))) continue;
        await end(run, { graceMs: GRACE_MS });
        await rm(run, { recursive: true, force: true });
      }
    });
  }

  /** How many checks have no verdict yet, by `<repository's folder> <branch>`, as `placeOf` names it. */
  async open(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const run of await runsBelow(this.folders.checks)) {
      if (!(await isOpen(run))) continue;
      const begun = await readJson(path.join(run, 'begun.json'), Begun);
      const [repository] = path.relative(this.folders.checks, run).split(path.sep);
      const place = `${repository} ${begun?.branch}`;
      counts.set(place, 1 + (counts.get(place) ?? 0));
    }
    return counts;
  }

  /** Orderly stop: what runs is ended, and forgotten, so that it runs again. */
  async close(): Promise<void> {
    this.closing = true;
    for (const run of await runsBelow(this.folders.checks)) {
      if ((await stateOf(run)).is !== 'running') continue;
      await end(run, { graceMs: GRACE_MS });
      await rm(run, { recursive: true, force: true });
    }
  }

  /** How one check stands; begins it where it is due. */
  private async one(check: One): Promise<Failing | 'running' | 'queued'> {
    const runs = path.join(check.folder, safeName(check.name));
    const n = await lastOf(runs);
    const run = path.join(runs, String(Math.max(n, 1)));
    const state = n === 0 ? ({ is: 'absent' } as const) : await stateOf(run);
    const verdict = n === 0 ? undefined : await readJson(path.join(run, 'verdict.json'), Verdict);
    if (verdict) {
      const again = verdict.conclusion !== 'success' && verdict.round !== check.round;
      return again ? this.begin(check, path.join(runs, String(n + 1))) : failingOf(check.name, run, verdict);
    }
    switch (state.is) {
      case 'absent':
        return this.begin(check, run);
      case 'running':
        if (Date.now() - state.since < check.checkSeconds * 1_000) return 'running';
        await end(run, { graceMs: GRACE_MS });
        return this.note(check, run, 'timed_out');
      case 'exited':
        return this.note(check, run, state.code === 0 ? 'success' : 'failure');
      case 'vanished':
        await end(run, { graceMs: 0 });
        if (n >= VANISHED_MOST) return this.note(check, run, 'cancelled');
        return this.begin(check, path.join(runs, String(n + 1)));
    }
  }

  private async begin({ change, head, name, command, room, round }: One, run: string): Promise<'running' | 'queued'> {
    if (!room) return 'queued';
    const tree = path.join(run, 'tree');
    // On record first: whose a checkout is must be known, even of one that is never finished.
    await writeJson(path.join(run, 'begun.json'), { round, branch: change.branch });
    await this.workshop.checkout(change.repository, head, tree);
    const key = `${change.repository} ${head} ${name} ${round}`;
    const begins = () => this.ledger?.note({ effect: 'check-started', key });
    await launch(run, { command, cwd: tree, env: environmentFor(this.environment, { CI: 'true' }), begins });
    return 'running';
  }

  private async note({ name }: One, run: string, conclusion: string): Promise<Failing> {
    const { round } = (await readJson(path.join(run, 'begun.json'), Begun)) ?? { round: '' };
    const [out, err] = [await tailOf(run, 'stdout', LOG_CHARACTERS), await tailOf(run, 'stderr', LOG_CHARACTERS)];
    const verdict = { conclusion, round, log: `${out}\n${err}`.trim().slice(-LOG_CHARACTERS) };
    await writeJson(path.join(run, 'verdict.json'), verdict);
    await rm(path.join(run, 'tree'), { recursive: true, force: true });
    return failingOf(name, run, verdict);
  }
}

interface One {
  change: Change;
  head: string;
  name: string;
  command: string;
  folder: string;
  /** Whether another one may begin now. */
  room: boolean;
  checkSeconds: number;
  round: string;
}

/** Under what `open` counts a branch's checks. The repository is given as the folder it is in. */
export const placeOf = (repository: string, branch: string) => `${safeName(repository)} ${branch}`;

const failingOf = (name: string, run: string, { conclusion, log }: z.output<typeof Verdict>): Failing => ({
  name,
  conclusion,
  url: pathToFileURL(logOf(run, 'stdout')).href,
  ...(conclusion !== 'success' && { log }),
});

async function lastOf(runs: string): Promise<number> {
  const names = await readdir(runs).catch(() => []);
  return Math.max(0, ...names.map(Number).filter((n) => Number.isInteger(n)));
}

/** Whether a run has no verdict yet: it runs, or has ended while nobody looked. Either way its checkout is there. */
const isOpen = async (run: string): Promise<boolean> => (await readText(path.join(run, 'verdict.json'))) === undefined;

async function unsettled(head: string): Promise<boolean> {
  return (await Promise.all((await runsBelow(head, 2)).map(isOpen))).includes(true);
}

/** Every run's folder below this one: repository, commit, check, run. */
async function runsBelow(root: string, depth = 4): Promise<string[]> {
  if (depth === 0) return [root];
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => runsBelow(path.join(root, name), depth - 1));
  return (await Promise.all(below)).flat();
}
