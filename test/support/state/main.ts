import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import getPort from 'get-port';
import { Postgres } from '../cluster/postgres.ts';
import { postgresPrograms } from '../cluster/programs.ts';
import { removeFolder } from '../folders.ts';

/** Runs the tests of the state on SQLite and on a PostgreSQL server of their own. Arguments replace the test files. */
const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-state-'));
const say = (line: string) => process.stdout.write(`${line}\n`);
await chmod(home, 0o755); // PostgreSQL may run as a user of its own
const server = await Postgres.create(await postgresPrograms(say), home, await getPort(), 'test');
try {
  await server.start();
  say(`PostgreSQL ${await server.version()}`);
  const [given, fallback] = [process.argv.slice(2), ['test/activities/adapters/state', 'test/state']];
  const { exitCode = 1 } = await execa(
    'npm',
    ['run', '--silent', 'jest', '--', ...(given.length > 0 ? given : fallback)],
    {
      env: { GATEHOUSE_TEST_POSTGRES: server.url('postgres') },
      stdio: 'inherit',
      reject: false,
    },
  );
  process.exitCode = exitCode;
} finally {
  await server.stop();
  await removeFolder(home);
}
