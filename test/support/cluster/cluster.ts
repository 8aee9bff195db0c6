import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { end, readRecord, recordOf, stillRuns } from '../../../client/local-stack/processes.ts';
import { Postgres } from './postgres.ts';
import { getPrograms, SERVER_VERSION } from './programs.ts';
import { NAMESPACE, TemporalServer } from './temporal.ts';
import { freePort } from '../ports.ts';

const PREFIX = 'gatehouse-cluster-';

/** A Temporal server with its own PostgreSQL, which lives as long as the process that started it. */
export class Cluster {
  readonly namespace = NAMESPACE;

  private constructor(
    readonly home: string,
    readonly postgres: Postgres,
    readonly temporal: TemporalServer,
  ) {}

  /** Finds or builds the programs, and starts them. Takes some 15 s if the programs exist. */
  static async start(say: (line: string) => void): Promise<Cluster> {
    await sweep(say);
    const programs = await getPrograms(say);
    const home = await mkdtemp(path.join(tmpdir(), PREFIX));
    await chmod(home, 0o755); // PostgreSQL may have to run as another user.
    await writeFile(path.join(home, 'owner.pid'), await recordOf(process.pid));
    say('starting PostgreSQL and the Temporal server');
    const port = await freePort();
    const postgres = await Postgres.create(programs.postgres, home, port, randomBytes(12).toString('hex'));
    try {
      await postgres.start();
      const temporal = await TemporalServer.create(programs.temporal, home, postgres);
      await temporal.start();
      await temporal.prepare();
      return new Cluster(home, postgres, temporal);
    } catch (failure) {
      await endAll(home);
      throw failure;
    }
  }

  get address(): string {
    return this.temporal.address;
  }

  /** A folder for a user of this cluster, removed with it. */
  async folder(name: string): Promise<string> {
    const folder = path.join(this.home, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  versions = async () => ({ temporal: SERVER_VERSION, postgres: await this.postgres.version() });

  async remove(): Promise<void> {
    await this.temporal.stop();
    await this.postgres.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** Stops clusters that a killed command left behind: their owners are gone. */
async function sweep(say: (line: string) => void): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const home = path.join(tmpdir(), name);
    const owner = readRecord(await readFile(path.join(home, 'owner.pid'), 'utf8').catch(() => ''));
    if (!owner || (await stillRuns(owner))) continue;
    say(`stopping a cluster that was left behind in ${home}`);
    await endAll(home);
    await rm(home, { recursive: true, force: true });
  }
}

async function endAll(home: string): Promise<void> {
  for (const name of ['temporal.log.pid', 'postgres.log.pid']) {
    const left = readRecord(await readFile(path.join(home, name), 'utf8').catch(() => ''));
    if (left && (await stillRuns(left))) await end(left.pid, 20_000);
  }
}
