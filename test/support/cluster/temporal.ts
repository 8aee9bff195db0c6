import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { execa } from 'execa';
import getPort, { portNumbers } from 'get-port';
import { registerAttributes } from '../../../client/local-stack/attributes.ts';
import { Postgres } from './postgres.ts';
import { Service } from './service.ts';

export const NAMESPACE = 'default';
const RETENTION_SECONDS = 3 * 24 * 3_600;
const DATABASES = { temporal: 'temporal', temporal_visibility: 'visibility' };
const SHARDS = '64';

/** A Temporal server on PostgreSQL: all of its services in one process, 64 history shards, nothing tuned. */
export class TemporalServer {
  private constructor(
    readonly port: number,
    private readonly service: Service,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.service.pid;
  }

  static async create(programs: string, home: string, postgres: Postgres): Promise<TemporalServer> {
    await createSchemas(programs, postgres);
    const configuration = path.join(home, 'dynamic.yaml');
    await writeFile(configuration, '{}\n');
    await mkdir(path.join(home, 'temporal'), { recursive: true });
    const ports = await freePorts();
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DB: 'postgres12_pgx',
      POSTGRES_SEEDS: '127.0.0.1',
      DB_PORT: String(postgres.port),
      POSTGRES_USER: Postgres.user,
      POSTGRES_PWD: postgres.password,
      DBNAME: 'temporal',
      VISIBILITY_DBNAME: 'temporal_visibility',
      NUM_HISTORY_SHARDS: SHARDS,
      BIND_ON_IP: '127.0.0.1',
      TEMPORAL_BROADCAST_ADDRESS: '127.0.0.1',
      LOG_LEVEL: 'error',
      DYNAMIC_CONFIG_FILE_PATH: configuration,
      ...ports,
    };
    const service = new Service({
      name: 'The Temporal server',
      command: path.join(programs, 'server'),
      args: ['--allow-no-auth', 'start'],
      env,
      cwd: path.join(home, 'temporal'),
      log: path.join(home, 'temporal.log'),
    });
    return new TemporalServer(Number(ports.FRONTEND_GRPC_PORT), service);
  }

  /**
   * Starts, and waits until the frontend answers. After a kill, the membership of the old process has to expire first.
   */
  async start(): Promise<void> {
    await this.service.launch();
    await this.service.ready(() => this.with((connection) => connection.workflowService.getSystemInfo({})), 120_000);
  }

  /** Creates the namespace and the search attributes, and waits until every part of the server knows them. */
  async prepare(): Promise<void> {
    await this.service.ready(() =>
      this.with(({ workflowService }) =>
        workflowService
          .registerNamespace({
            namespace: NAMESPACE,
            workflowExecutionRetentionPeriod: { seconds: RETENTION_SECONDS as never },
          })
          .catch((failure: Error) => {
            if (!/already/i.test(failure.message)) throw failure;
          }),
      ),
    );
    await this.service.ready(() => this.with((connection) => registerAttributes(connection, NAMESPACE)));
    const execution = { workflowId: 'nobody', runId: '' };
    const known = ({ workflowService }: Connection) =>
      workflowService.describeWorkflowExecution({ namespace: NAMESPACE, execution }).catch((failure: Error) => {
        if (/namespace/i.test(failure.message)) throw failure;
      });
    await this.service.ready(() => this.with(known));
  }

  kill = () => this.service.signal('SIGKILL');
  stop = () => this.service.stop();

  private async with(ask: (connection: Connection) => Promise<unknown>): Promise<true> {
    const connection = await Connection.connect({ address: this.address, connectTimeout: 2_000 });
    try {
      await connection.withDeadline(Date.now() + 5_000, () => ask(connection));
      return true;
    } finally {
      await connection.close();
    }
  }
}

async function createSchemas(programs: string, { port, password }: Postgres): Promise<void> {
  const sql = (database: string, ...args: string[]) =>
    execa(path.join(programs, 'sql'), [
      ...['--plugin', 'postgres12', '--ep', '127.0.0.1', '-p', String(port), '-u', Postgres.user, '--pw', password],
      ...['--db', database, ...args],
    ]);
  for (const [database, schema] of Object.entries(DATABASES)) {
    await sql(database, 'create-database');
    await sql(database, 'setup-schema', '-v', '0.0');
    await sql(database, 'update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
}

/** The server stores its members' ports as signed 16-bit numbers. Ports that the system assigns are often higher. */
const PORTS = { from: 12_000, to: 32_000, span: 500 };

/**
 * Free ports for all services of the server. Clusters that start at the same time begin their search at random ports.
 */
async function freePorts(): Promise<Record<string, string>> {
  const services = ['FRONTEND', 'INTERNAL_FRONTEND', 'MATCHING', 'HISTORY', 'WORKER'];
  const names = [...services.flatMap((name) => [`${name}_GRPC_PORT`, `${name}_MEMBERSHIP_PORT`]), 'FRONTEND_HTTP_PORT'];
  const first = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
  const ports: Record<string, string> = {};
  for (const name of names) {
    const port = portNumbers(first, first + PORTS.span);
    ports[name] = String(await getPort({ host: '127.0.0.1', port }));
  }
  return ports;
}
