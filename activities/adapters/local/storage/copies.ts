import path from 'node:path';
import { safeName } from '../../files/folders.ts';
import type { State } from '../../state/state.ts';

/** Our copy of a repository, and whether a live run or anything that still runs here may use objects of it. */
interface Copy {
  name: string;
  gitDir: string;
  isUsed: boolean;
}

/**
 * The copies of the repositories that have ever had a change. A copy is in use while a run on its repository is live: its checkouts
 * read objects of the copy, and it may name commits that have left all branches. So is every copy while something
 * runs here whose run is unknown.
 */
export async function copiesIn(state: State, folder: string, runner: string): Promise<Copy[]> {
  const [names, live, left, known] = await state.query(async (db) => [
    await db.selectFrom('changes').select('repository').distinct().orderBy('repository').execute(),
    await db.selectFrom('runs').select('repository').where('ended_at', 'is', null).distinct().execute(),
    [
      ...(await db.selectFrom('jobs').select('key').where('runner', '=', runner).where('unfinished', '=', 1).execute()),
      ...(await db
        .selectFrom('environments')
        .select('key')
        .where('runner', '=', runner)
        .where('unfinished', '=', 1)
        .execute()),
    ],
    await db
      .selectFrom('checks')
      .select(['repository', 'name'])
      .where('runner', '=', runner)
      .where('unfinished', '=', 1)
      .execute(),
  ]);
  const owners = left.map(({ key }) => ownerOf(key));
  const rows = await ofOwners(state, owners);
  const isUnclear = owners.some((id) => !rows.has(id)) || known.some(({ repository }) => repository === null);
  const used = new Set([...live, ...known].map(({ repository }) => repository));
  for (const repository of rows.values()) used.add(repository);
  return names.map(({ repository: name }) => ({
    name,
    gitDir: path.join(folder, `${safeName(name)}.git`),
    isUsed: isUnclear || used.has(name),
  }));
}

/** `run/<workspace>/<task>/…` of a job, and `env/<workspace>/<task>/…` of an environment. */
const ownerOf = (key: string): string =>
  key
    .split('/')
    .slice(0, 3)
    .join('/')
    .replace(/^env\//, 'run/');

async function ofOwners(state: State, owners: string[]): Promise<Map<string, string>> {
  if (owners.length === 0) return new Map();
  const rows = await state.query((db) =>
    db.selectFrom('runs').select(['workflow_id', 'repository']).where('workflow_id', 'in', owners).execute(),
  );
  return new Map(rows.map(({ workflow_id, repository }) => [workflow_id, repository]));
}
