import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { sql } from 'kysely';
import { LocalWorkspace } from '../../../../activities/adapters/local/repositories/workspace.ts';
import { exclusivelyIn, idOf } from '../../../../activities/adapters/processes/exclusive.ts';
import { Sights } from '../../../../activities/adapters/processes/sights.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import { removeFolder } from '../../../support/folders.ts';
import { program } from '../../../support/programs.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';

describe.each(DATABASES)('a repository at a path, with workers that share %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let home: string;
  const states: State[] = [];
  beforeEach(async () => {
    database = await fresh();
    home = await mkdtemp(path.join(tmpdir(), 'gatehouse-sights-'));
  });
  afterEach(async () => {
    for (const state of states.splice(0)) {
      await state.runners.end(true);
      await state.close();
    }
    await removeFolder(home);
    await database.remove();
  });

  /** A worker on a machine of its own. */
  async function worker(machine: string) {
    const state = await openState(database.location);
    states.push(state);
    const root = path.join(home, machine);
    const runner = await idOf(root);
    await state.runners.begin({ runner, machine, held: async () => undefined });
    const sights = new Sights(root, state);
    const workspace = new LocalWorkspace(root, exclusivelyIn(root, state), undefined, sights);
    /** Makes it as if nobody had heard of it for two minutes. */
    const silent = () =>
      state.query((db) =>
        db
          .updateTable('runners')
          .set({ seen_at: sql<number>`seen_at - 120000` })
          .where('runner', '=', runner)
          .execute(),
      );
    return { runner, sights, workspace, silent, state };
  }

  const PLACE = '/srv/only-on-one';
  const missing = (because?: string) => ({ is: 'none', ...(because && { because }) });

  it('is left to the worker that has it', async () => {
    const [one, other] = [await worker('one'), await worker('other')];
    await one.sights.seen(PLACE);
    const held = { name: 'HeldElsewhere', runner: one.runner, about: 'repository' };
    await expect(other.workspace.locate(PLACE)).rejects.toMatchObject(held);
    await expect(other.workspace.source(PLACE)).rejects.toMatchObject(held);
  });

  it('is waited for until all workers have said that they do not have it', async () => {
    const [one, other] = [await worker('one'), await worker('other')];
    await expect(other.workspace.locate(PLACE)).rejects.toMatchObject({ name: 'HolderSilent', retryAfterMs: 500 });
    await expect(one.workspace.locate(PLACE)).resolves.toEqual(missing());
    await expect(other.workspace.locate(PLACE)).resolves.toEqual(missing());
  });

  it('is not waited for without end if another worker never says', async () => {
    await worker('one');
    const other = await worker('other');
    await expect(other.workspace.locate(PLACE)).rejects.toMatchObject({ name: 'HolderSilent' });
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 31_000);
    await expect(other.workspace.locate(PLACE)).resolves.toEqual(missing());
    jest.restoreAllMocks();
  });

  it('that only a worker has which is not there is missing, with the name of its machine', async () => {
    const [one, other] = [await worker('one'), await worker('other')];
    await one.sights.seen(PLACE);
    await one.silent();
    const because = 'no worker that runs now has it; it was last seen on one';
    await expect(other.workspace.locate(PLACE)).resolves.toEqual(missing(because));
    await expect(other.workspace.source(PLACE)).rejects.toThrow(because);
  });

  it('is not left to a worker that drains, or that has it no longer', async () => {
    const [one, other] = [await worker('one'), await worker('other')];
    await one.sights.seen(PLACE);
    await one.state.runners.drain();
    await expect(other.workspace.locate(PLACE)).resolves.toMatchObject({ is: 'none' });
    const third = await worker('third');
    await third.sights.seen(PLACE);
    await expect(other.workspace.locate(PLACE)).rejects.toMatchObject({ runner: third.runner });
    await expect(third.workspace.locate(PLACE)).resolves.toMatchObject({ is: 'none' });
    await expect(other.workspace.locate(PLACE)).resolves.toMatchObject({ is: 'none' });
  });

  it('is found by all workers that have it, each by itself', async () => {
    const repository = path.join(home, 'shop');
    await program('git', ['init', '--quiet', repository]);
    const [one, other] = [await worker('one'), await worker('other')];
    await expect(one.workspace.locate(repository)).resolves.toMatchObject({ is: 'found' });
    await expect(other.workspace.locate(repository)).resolves.toMatchObject({ is: 'found' });
  });

  it('is looked for here only while there are no others', async () => {
    const { workspace } = await worker('one');
    await expect(workspace.locate(PLACE)).resolves.toEqual(missing());
  });
});
