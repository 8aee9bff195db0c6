import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { EnvironmentRequest, EnvironmentReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Environments } from '../../../ports.ts';
import { isThere } from '../../files/clearing.ts';
import { foldersOf, safeName } from '../../files/folders.ts';
import { Trash } from '../../files/trash.ts';
import { CheckoutRefused } from '../../git/refusals.ts';
import { exclusivelyIn, idOf } from '../../processes/exclusive.ts';
import { fenceIn } from '../../processes/fence.ts';
import { Holders } from '../../processes/holders.ts';
import { lastWordsOf } from '../../processes/logs.ts';
import { end, endAll, isHere, launch, stateOf, type ProcessState } from '../../processes/processes.ts';
import { settingsOf } from '../../settings/reading.ts';
import { isolationIn, type InCheckouts } from '../opening.ts';
import { EnvironmentRows, type EnvironmentRecord } from './environment-rows.ts';
import { freePort } from './ports.ts';
import { FailedProbes, probe, probeAt, type Answer } from './probing.ts';

const GRACE_MS = 3_000;
const LOG_CHARACTERS = 600;
/** How long one probe may take, in milliseconds. A live environment gets longer, because it may be busy with its visitor. */
const PROBE_MS = { provisioning: 2_000, live: 5_000 };
/** Why an environment is gone whose runner is lost. */
const LOST = 'Its worker was not heard of for too long.';

/** Runs each environment as a process in a checkout of the head, on a port of its own. */
export const processEnvironments = (options: InCheckouts): Environments & { close(): Promise<void> } =>
  new ProcessEnvironments(options);

class ProcessEnvironments implements Environments {
  private readonly folders;
  private readonly isolation;
  private readonly repositories;
  private readonly ledger;
  private readonly rows;
  private readonly trash;
  private readonly exclusively;
  private readonly holders;
  private readonly fence;
  private readonly runners;
  private closing = false;
  private readonly failed = new FailedProbes();

  constructor({ root, ledger, repositories, state, ...options }: InCheckouts) {
    this.exclusively = exclusivelyIn(root, state);
    this.ledger = ledger;
    this.folders = foldersOf(root);
    this.trash = new Trash(root);
    void this.trash.sweep();
    this.rows = new EnvironmentRows(state, () => idOf(root));
    this.isolation = isolationIn(options);
    this.repositories = repositories;
    this.holders = new Holders(root, state);
    this.fence = () => fenceIn(root, state);
    this.runners = state.runners;
    state.runners.add({ sweep: () => this.sweep(), lose: () => this.lose(), isBusy: async () => false });
  }

  async examine(change: Change) {
    return { configured: (await settingsOf(this.repositories, change)).environment !== undefined, fields: [] };
  }

  async ensure(request: EnvironmentRequest): Promise<void> {
    try {
      await this.begin(request);
    } catch (failure) {
      if (!(failure instanceof CheckoutRefused)) throw failure; // a transient failure
      await this.takeDown(request.key, failure.message);
    }
  }

  private begin({ key, change, head }: EnvironmentRequest): Promise<void> {
    const paths = this.folderOf(key);
    return this.exclusively(`environment ${key}`, async () => {
      if (await this.isRemoved(key)) return;
      const known = await this.rows.read(key);
      if (known && (await this.holders.find(known.runner, 'key')) === 'lost') return; // a look says so
      if ((await stateOf(paths.run)).is !== 'absent') return;
      this.unlessClosing();
      this.holders.checkFence();
      const { environment } = await settingsOf(this.repositories, change);
      if (!environment) throw new Error(`${change.repository} has no environment in its settings.`);

      await mkdir(paths.folder, { recursive: true });
      await this.rows.note(key, {});
      await this.holders.find((await this.rows.read(key))!.runner, 'key'); // another one may have been first
      await this.repositories.checkout(change.repository, head, paths.tree, { base: change.base, fork: change.fork });
      await this.exclusively('ports of environments', async () => {
        if (await this.isRemoved(key)) return; // removed during the checkout
        this.unlessClosing();
        const port = await freePort(await this.portsTaken());
        const { ready, expireMinutes } = environment;
        await this.rows.note(key, { port, ready, expireMinutes });
        const start = await this.isolation.start({
          ...{
            repository: change.repository,
            fork: change.fork === true,
            kind: 'preview',
            command: environment.start,
            port,
          },
          ...{ cwd: paths.tree, folder: paths.isolation, env: { PORT: String(port) } },
        });
        const begins = () => this.ledger?.note({ effect: 'environment-created', key });
        await launch(paths.run, { ...start, cwd: paths.tree, fence: this.fence(), begins });
      });
    });
  }

  private async isRemoved(key: string): Promise<boolean> {
    if ((await this.rows.read(key))?.removed !== undefined) return true;
    return isThere(path.join(this.folderOf(key).folder, 'removed')); // written by an earlier version
  }

  private unlessClosing(): void {
    if (this.closing || this.runners.draining)
      throw new Error('This worker is stopping: the next one starts the environment.');
  }

  async look(key: string): Promise<EnvironmentReport> {
    const paths = this.folderOf(key);
    const known = await this.rows.read(key);
    if (known?.removed !== undefined) return { is: 'gone', ...(known.removed && { because: known.removed }) };
    if (known && (await this.holders.find(known.runner, 'key')) === 'lost') return { is: 'gone', because: LOST };
    const state = await stateOf(paths.run);
    if (known?.port === undefined || state.is === 'absent') return { is: 'gone' };

    const begun = { ...known, port: known.port };
    if (state.is !== 'running') return this.over(paths, state, known.liveAt !== undefined);
    if (known.liveAt !== undefined) return this.live(paths, begun);
    const answer = await probe(begun.port, begun.ready, PROBE_MS.provisioning);
    if (answer.is === 'down') {
      return {
        is: 'provisioning',
        because: `It does not answer yet (${answer.because}). ${await lastWordsOf(paths.run, LOG_CHARACTERS)}`.trim(),
      };
    }
    const live = { liveAt: new Date().toISOString(), url: answer.url };
    await this.rows.note(key, live);
    return { is: 'live', url: answer.url, ...expiry({ ...begun, ...live }) };
  }

  /** Reports an environment whose command has ended, and ends the processes that the command left running. */
  private async over({ run }: EnvironmentFolder, state: ProcessState, wasLive: boolean): Promise<EnvironmentReport> {
    await end(run, { graceMs: GRACE_MS });
    const code = state.is === 'exited' ? state.code : undefined;
    const stays = 'the command must keep running as long as the environment lives, and none of its processes was left';
    const how =
      code === undefined ? 'its process is gone' : `its process ended (exit ${code})${code === 0 ? `: ${stays}` : ''}`;
    const because = `${how}. ${await lastWordsOf(run, LOG_CHARACTERS)}`.trim();
    return { is: wasLive ? 'gone' : 'failed', because };
  }

  /**
   * Reports a live environment. It is probed each time, because the server may be gone although the process that started it
   * is not.
   */
  private async live(paths: EnvironmentFolder, begun: Begun): Promise<EnvironmentReport> {
    const { key, url = `http://127.0.0.1:${begun.port}` } = begun;
    const answer = await probeAt(url, begun.ready, PROBE_MS.live);
    if (!(await this.isLost(key, paths, answer))) return { is: 'live', url, ...expiry(begun) };
    const { because } = answer as { because: string };
    return {
      is: 'gone',
      because: `It no longer answers (${because}). ${await lastWordsOf(paths.run, LOG_CHARACTERS)}`.trim(),
    };
  }

  /** Whether the environment is lost. One in another container may be reachable only there, so it does not count as lost. */
  private async isLost(key: string, { run }: EnvironmentFolder, answer: Answer): Promise<boolean> {
    if (answer.is === 'up' || (await isHere(run))) return this.failed.isLost(key, answer);
    this.failed.forget(key);
    return false;
  }

  async list(): Promise<string[]> {
    return (await this.begun()).map(({ key }) => key);
  }

  /** A runner that is not heard of removes it when it comes back, or ends its processes by itself. */
  async remove(key: string): Promise<void> {
    const known = await this.rows.read(key);
    if (!known || known.runner === (await this.holders.own())) return this.takeDown(key, '');
    if (known.removed === undefined && !(await this.holders.mayBeEnded(known.runner))) {
      await this.holders.find(known.runner, 'key');
    }
    await this.rows.note(key, { removed: known.removed ?? '' });
  }

  /** Takes down what others have removed meanwhile. */
  private async sweep(): Promise<void> {
    for (const { key, removed } of await this.rows.unfinished()) {
      if (removed !== undefined) await this.takeDown(key, removed).catch(() => undefined); // the next sweep does it
    }
  }

  /** Others have taken this runner for lost: its environments end, and begin anew elsewhere. */
  private async lose(): Promise<void> {
    for (const { key, removed } of await this.rows.unfinished()) await this.takeDown(key, removed ?? LOST);
  }

  async close(): Promise<void> {
    this.closing = true;
    const runs = (await this.rows.unfinished()).map(({ key }) => this.folderOf(key).run);
    const left = await endAll(runs, { graceMs: GRACE_MS }); // includes processes that ended commands left
    await this.trash.close();
    if (left.length > 0) throw new Error(left.join('\n'));
  }

  /** Records the removal first, so that a late `ensure` creates nothing. */
  private async takeDown(key: string, because: string): Promise<void> {
    const paths = this.folderOf(key);
    await this.rows.note(key, { removed: because });
    await this.exclusively(`environment ${key}`, async () => {
      await end(paths.run, { graceMs: GRACE_MS });
      await this.trash.take(paths.tree);
      if (await this.rows.cleared(key)) this.ledger?.note({ effect: 'environment-destroyed', key });
      this.failed.forget(key);
    });
  }

  /** The ports of all environments whose command was to begin, whether or not they listen yet. */
  private async portsTaken(): Promise<Set<number>> {
    return new Set((await this.begun()).map(({ port }) => port));
  }

  /** The environments of this data folder whose command was to begin, and that were not removed. */
  private async begun(): Promise<Begun[]> {
    return (await this.rows.unfinished()).flatMap(({ port, ...known }) =>
      port === undefined ? [] : [{ ...known, port }],
    );
  }

  private folderOf(key: string): EnvironmentFolder {
    const folder = path.join(this.folders.environments, safeName(key));
    const file = (name: string) => path.join(folder, name);
    return { folder, tree: file('tree'), run: file('run'), isolation: file('isolation') };
  }
}

/** An environment whose command was to begin. */
type Begun = EnvironmentRecord & { port: number };

/** The paths of an environment. */
type EnvironmentFolder = Record<'folder' | 'tree' | 'run' | 'isolation', string>;

const expiry = ({ expireMinutes, liveAt = '' }: EnvironmentRecord) =>
  expireMinutes === undefined ? {} : { expiresAt: new Date(Date.parse(liveAt) + expireMinutes * 60_000).toISOString() };
