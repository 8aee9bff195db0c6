import { chown, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { Service } from './service.ts';

const USER = 'gatehouse';

/** A PostgreSQL of our own on loopback, with fsync on: what it has acknowledged survives its killing. */
export class Postgres {
  private constructor(
    private readonly programs: string,
    readonly port: number,
    readonly password: string,
    private readonly folder: string,
    private readonly service: Service,
    private readonly owner: { uid: number; gid: number } | undefined,
  ) {}

  static readonly user = USER;

  static async create(programs: string, home: string, port: number, password: string): Promise<Postgres> {
    const owner = await ownerFor();
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
    await execa(path.join(programs, 'initdb'), [...args, '--no-locale'], { cwd: folder, ...owner });
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
      command: path.join(programs, 'postgres'),
      args: ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      cwd: folder,
      log: path.join(home, 'postgres.log'),
      owner,
    });
    return new Postgres(programs, port, password, folder, service, owner);
  }

  /** A killed one's backends may still hold its memory for a moment: then it is tried again. */
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
  /** "Fast" shutdown: connections are cut, what is committed is flushed. */
  stop = () => this.service.signal('SIGINT');

  /** Runs one query and answers its rows as `psql` prints them, without heads, columns parted by `|`. */
  async query(sql: string, database = 'temporal'): Promise<string> {
    const args = ['-h', '127.0.0.1', '-p', String(this.port), '-U', USER, '-d', database, '-X', '-A', '-t', '-c', sql];
    const { stdout } = await execa(path.join(this.programs, 'psql'), args, {
      env: { PGPASSWORD: this.password, PGCONNECT_TIMEOUT: '5' },
    });
    return stdout.trim();
  }

  /** For programs that take a connection as one string. */
  url = (database: string): string =>
    `postgres://${USER}:${encodeURIComponent(this.password)}@127.0.0.1:${this.port}/${database}`;

  version = () => this.query('show server_version', 'postgres');
}

/** PostgreSQL refuses to run as root: there it runs as the user that its package made. */
async function ownerFor(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((what) => execa('id', [what, name], { reject: false })));
    if (uid?.exitCode === 0 && gid?.exitCode === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres: run this as another user.');
}
