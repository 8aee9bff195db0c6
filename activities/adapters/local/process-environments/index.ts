import { createServer } from 'node:net';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { EnvironmentRequest, SiteLook } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Environments } from '../../../ports.ts';
import {
  foldersOf,
  readJson,
  readText,
  safeName,
  withLock,
  writeFileAtomically,
  writeJson,
  type Local,
} from '../folders.ts';
import { end, environmentFor, launch, stateOf, tailOf } from '../processes.ts';
import { Workshop } from '../workshop.ts';

const GRACE_MS = 3_000;
const PROBE_MS = 2_000;
const LOG_CHARACTERS = 600;

/** What is on record of one environment: where it listens, how it is known to be up, and until when it may live. */
const Begun = z.object({
  key: z.string().optional(), // older ones are known by their workflows only
  port: z.number(),
  ready: z.string().optional(),
  expireMinutes: z.number().optional(),
});
const Live = z.object({ at: z.string() });

/** Runs a change as a process per environment, in a checkout of its head commit, on a port of its own (contract 13). */
export const processEnvironments = (options: Local): Environments & { close(): Promise<void> } =>
  new ProcessEnvironments(options);

class ProcessEnvironments implements Environments {
  private readonly folders;
  private readonly environment;
  private readonly workshop;
  private readonly ledger;
  private closing = false;

  constructor({ root, environment, ledger }: Local) {
    this.ledger = ledger;
    this.folders = foldersOf(root);
    this.environment = environment;
    this.workshop = new Workshop(root);
  }

  async examine(change: Change) {
    return { configured: (await this.workshop.settingsOf(change)).environment !== undefined, fields: [] };
  }

  ensure({ key, change, head }: EnvironmentRequest): Promise<void> {
    const place = this.placeOf(key);
    return withLock(place.lock, async () => {
      if ((await readText(place.removed)) !== undefined || (await stateOf(place.run)).is !== 'absent') return;
      if (this.closing) throw new Error('This worker is stopping: the next one makes the environment.');
      const { environment } = await this.workshop.settingsOf(change);
      if (!environment) throw new Error(`${change.repository} states no environment.`);

      await mkdir(place.folder, { recursive: true });
      await this.workshop.checkout(change.repository, head, place.tree);
      await withLock(path.join(this.folders.locks, 'ports.lock'), async () => {
        const port = await freePort(await this.portsTaken());
        const { ready, expireMinutes } = environment;
        await writeJson(place.begun, { key, port, ready, expireMinutes });
        const env = environmentFor(this.environment, { PORT: String(port) });
        const begins = () => this.ledger?.note({ effect: 'environment-created', key });
        await launch(place.run, { command: environment.start, cwd: place.tree, env, begins });
      });
    });
  }

  async look(key: string): Promise<SiteLook> {
    const place = this.placeOf(key);
    const removed = await readText(place.removed);
    if (removed !== undefined) return { is: 'gone', ...(removed && { because: removed }) };
    const begun = await readJson(place.begun, Begun);
    const live = await readJson(place.live, Live);
    const state = await stateOf(place.run);
    if (!begun || state.is === 'absent') return { is: 'gone' };

    const url = `http://127.0.0.1:${begun.port}`;
    if (state.is !== 'running') {
      const how = state.is === 'exited' ? `its process ended (exit ${state.code})` : 'its process is gone';
      const log = `${await tailOf(place.run, 'stdout', LOG_CHARACTERS)}\n${await tailOf(place.run, 'stderr', LOG_CHARACTERS)}`;
      const because = `${how}. ${log.trim().slice(-LOG_CHARACTERS)}`.trim();
      return live ? { is: 'gone', because } : { is: 'failed', because };
    }
    if (live) return { is: 'live', url, ...expiry(begun, live) };
    if (!(await answers(url, begun.ready))) return { is: 'provisioning' };
    const since = { at: new Date().toISOString() };
    await writeJson(place.live, since);
    return { is: 'live', url, ...expiry(begun, since) };
  }

  async list(): Promise<string[]> {
    const begun = await this.allBegun();
    return begun.flatMap(({ key }) => key ?? []);
  }

  remove(key: string): Promise<void> {
    return this.takeDown(key, '');
  }

  async close(): Promise<void> {
    this.closing = true;
    for (const name of await readdir(this.folders.environments).catch(() => [])) {
      const folder = path.join(this.folders.environments, name);
      const run = path.join(folder, 'run');
      if ((await stateOf(run)).is !== 'running') continue;
      await end(run, { graceMs: GRACE_MS });
    }
  }

  /** On record first: a late `ensure` then makes nothing. */
  private takeDown(key: string, because: string): Promise<void> {
    const place = this.placeOf(key);
    return withLock(place.lock, async () => {
      await mkdir(place.folder, { recursive: true });
      await writeFileAtomically(place.removed, because);
      await end(place.run, { graceMs: GRACE_MS });
      await rm(place.tree, { recursive: true, force: true });
      if ((await readText(place.begun)) !== undefined) this.ledger?.note({ effect: 'environment-destroyed', key });
      await rm(place.begun, { force: true });
    });
  }

  /** Ports that other environments have on record, whether or not they listen already. */
  private async portsTaken(): Promise<Set<number>> {
    return new Set((await this.allBegun()).map(({ port }) => port));
  }

  /** What is on record of all that were begun and not removed. */
  private async allBegun(): Promise<z.output<typeof Begun>[]> {
    const names = await readdir(this.folders.environments).catch(() => []);
    const fileOf = (name: string) => path.join(this.folders.environments, name, 'begun.json');
    const begun = await Promise.all(names.map((name) => readJson(fileOf(name), Begun)));
    return begun.filter((each) => each !== undefined);
  }

  private placeOf(key: string) {
    const folder = path.join(this.folders.environments, safeName(key));
    const file = (name: string) => path.join(folder, name);
    return {
      folder,
      lock: `${folder}.lock`,
      tree: file('tree'),
      run: file('run'),
      begun: file('begun.json'),
      live: file('live.json'),
      removed: file('removed'),
    };
  }
}

const expiry = ({ expireMinutes }: z.output<typeof Begun>, { at }: z.output<typeof Live>) =>
  expireMinutes === undefined ? {} : { expiresAt: new Date(Date.parse(at) + expireMinutes * 60_000).toISOString() };

/** Up is what answers 2xx at its own path of readiness; without one, whatever answers and has not broken down. */
async function answers(url: string, ready: string | undefined): Promise<boolean> {
  try {
    const response = await fetch(`${url}${ready ?? '/'}`, {
      signal: AbortSignal.timeout(PROBE_MS),
      redirect: 'manual',
    });
    await response.body?.cancel();
    return ready === undefined ? response.status < 500 : response.ok;
  } catch {
    return false;
  }
}

/** A port that nobody listens on, as the system gives them out, and that is on nobody's record. */
async function freePort(taken: Set<number>): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    await new Promise((resolve) => server.close(resolve));
    if (!taken.has(port)) return port;
  }
}
