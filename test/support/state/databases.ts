import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { presence } from '../../../activities/adapters/processes/presence.ts';
import type { Location } from '../../../activities/adapters/state/connecting.ts';
import { State } from '../../../activities/adapters/state/state.ts';
import { STATE_FILE } from '../../../activities/adapters/state/locating.ts';
import { removeFolder } from '../folders.ts';

/** The address of a PostgreSQL server for tests. `npm run test:state` starts one. */
const SERVER = process.env['GATEHOUSE_TEST_POSTGRES'];

/** A new, empty database. */
interface Fresh {
  location: Location;
  remove(): Promise<void>;
}

/** The databases on which tests of the state run: SQLite, and PostgreSQL if there is a server for it. */
export const DATABASES: [string, () => Promise<Fresh>][] = [
  ['SQLite', sqlite],
  ...(SERVER === undefined
    ? []
    : ([['PostgreSQL', () => postgres(SERVER)]] satisfies [string, () => Promise<Fresh>][])),
];

async function sqlite(): Promise<Fresh> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-state-'));
  return { location: { file: path.join(folder, 'state.db') }, remove: () => removeFolder(folder) };
}

async function postgres(server: string): Promise<Fresh> {
  const name = `t${randomUUID().replaceAll('-', '')}`;
  await administer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { location: { url: url.href }, remove: () => administer(server, `drop database ${name} with (force)`) };
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

export async function openState(location: Location): Promise<State> {
  const state = new State(location, presence);
  await state.open();
  return state;
}

/** The state in a data folder, as a worker of its own would open it. */
export const stateIn = (root: string): State => new State({ file: path.join(root, STATE_FILE) }, presence);
