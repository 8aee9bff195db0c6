import { chown, cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { Service } from './service.ts';

const USER = 'gatehouse';

/** A PostgreSQL of our own on loopback with fsync on: committed data survives a kill. */
export class Postgres {
  private constructor(
    readonly port: number,
    readonly password: string,
    private readonly service: Service,
  ) {}

  static readonly user = USER;

  static async create(programs: string, home: string, port: number, password: string): Promise<Postgres> {
    const owner = await ownerFor();
    const own = owner ? await readable(programs, home) : programs;
    const folder = path.join(home, 'postgres');
    await mkdir(folder, { recursive: true });
    const secret = path.join(home, 'postgres.secret');
    await writeFile(secret, password, { mode: 0o600 });
    if (owner) for (const each of [folder, secret]) await chown(each, owner.uid, owner.gid);
    const args = [
      '--pgdata',
      folder,
      '--username',
      USER,
      '--auth',
      'scram-sha-256',
      '--pwfile',
      secret,
      '--encoding',
      'UTF8',
    ];
    await execa(path.join(own, 'initdb'), [...args, '--no-locale'], { cwd: folder, ...owner });
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: '',
      max_connections: '300',
      shared_buffers: '256MB',
      fsync: 'on',
      synchronous_commit: 'on',
    };
    const service = new Service({
      name: 'PostgreSQL',
      command: path.join(own, 'postgres'),
      args: ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      cwd: folder,
      log: path.join(home, 'postgres.log'),
      owner,
    });
    return new Postgres(port, password, service);
  }

  /** Retries, because the backends of a killed server may hold its memory for a moment. */
  async start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      await this.service.launch();
      try {
        await this.service.ready(async () => (await this.query('select 1', 'postgres')) === '1');
        return;
      } catch (failure) {
        if (tries === 20 || this.service.lives) throw failure;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }

  kill = () => this.service.signal('SIGKILL');
  /** "Fast" shutdown: connections are cut, and committed data is flushed. */
  stop = () => this.service.signal('SIGINT');

  /**
   * Runs one query. Returns the first value of the first row as text, or an empty string. Throws if the server does not
   * answer.
   */
  async query(sql: string, database = 'temporal'): Promise<string> {
    const client = new pg.Client({ connectionString: this.url(database), connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined); // If it is killed during the query, the query itself fails.
    try {
      await client.connect();
      const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
      return String(rows[0]?.[0] ?? '');
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** For programs that take a connection as one string. */
  url = (database: string): string =>
    `postgres://${USER}:${encodeURIComponent(this.password)}@127.0.0.1:${this.port}/${database}`;

  version = () => this.query('show server_version', 'postgres');
}

/** Programs that another user can read. If our cache is in root's home, those in it cannot be. */
async function readable(programs: string, home: string): Promise<string> {
  if (!programs.includes('node_modules')) return programs;
  const copy = path.join(home, 'programs');
  await cp(path.dirname(programs), copy, { recursive: true, verbatimSymlinks: true });
  return path.join(copy, path.basename(programs));
}

/** PostgreSQL refuses to run as root. Then it runs as the user that its package created. */
async function ownerFor(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((what) => execa('id', [what, name], { reject: false })));
    if (uid?.exitCode === 0 && gid?.exitCode === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres: run this as another user.');
}
