import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { safeName, type foldersOf } from '../../files/folders.ts';
import type { State } from '../../state/state.ts';

interface Wanted {
  /** The data folder. */
  runner: string;
  before: number;
  most: number;
}

/** The folders of jobs, checks and environments that began before a time, and of which nothing runs any more. */
export async function settledFolders(
  state: State,
  { jobs, checks, environments }: Pick<ReturnType<typeof foldersOf>, 'jobs' | 'checks' | 'environments'>,
  { runner, before, most }: Wanted,
): Promise<string[]> {
  const keysOf = (table: 'jobs' | 'environments') =>
    state.query((db) =>
      db
        .selectFrom(table)
        .select('key')
        .where('runner', '=', runner)
        .where('unfinished', '=', 0)
        .where('at', '<', before)
        .execute(),
    );
  const found = [
    ...(await existing(
      jobs,
      (await keysOf('jobs')).map(({ key }) => safeName(key)),
    )),
    ...(await existing(
      environments,
      (await keysOf('environments')).map(({ key }) => safeName(key)),
    )),
    ...(await settledChecks(state, checks, { runner, before, most })),
  ];
  return found.slice(0, most);
}

async function existing(folder: string, names: string[]): Promise<string[]> {
  const there = new Set(await readdir(folder).catch((): string[] => []));
  return names.filter((name) => there.has(name)).map((name) => path.join(folder, name));
}

/** The folder of each commit whose checks have all ended: `<repository>/<commit>` of their names. */
async function settledChecks(state: State, folder: string, { runner, before }: Wanted): Promise<string[]> {
  const rows = await state.query((db) =>
    db.selectFrom('checks').select(['name', 'at', 'unfinished']).where('runner', '=', runner).execute(),
  );
  const commits = new Map<string, boolean>();
  for (const { name, at, unfinished } of rows) {
    const commit = name.split('/').slice(0, 2).join('/');
    commits.set(commit, (commits.get(commit) ?? true) && unfinished === 0 && at < before);
  }
  const homes = new Map<string, Set<string>>();
  const found: string[] = [];
  for (const [commit, isSettled] of commits) {
    const [home = '', name = ''] = commit.split('/');
    if (!isSettled) continue;
    if (!homes.has(home)) homes.set(home, new Set(await readdir(path.join(folder, home)).catch((): string[] => [])));
    if (homes.get(home)!.has(name)) found.push(path.join(folder, home, name));
  }
  return found;
}
