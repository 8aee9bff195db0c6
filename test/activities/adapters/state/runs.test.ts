import { randomBytes } from 'node:crypto';
import { RunRows } from '../../../../activities/adapters/state/runs.ts';
import { State } from '../../../../activities/adapters/state/state.ts';
import { presence } from '../../../../activities/adapters/processes/presence.ts';
import { textCipher } from '../../../../worker/configuration/encryption.ts';
import type { RowState } from '../../../../workflows/contracts/run/row.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';
import { actionOf, ended, noteOf, parked, recordOf, stateOf } from '../../../support/state/notes.ts';

const ID = 'run/default/A';
const KEY = { id: 'k1', key: randomBytes(32).toString('base64') };
const holder = (task: string) => ({ workflowId: `run/default/${task}`, runId: `${task}-1` });

describe.each(DATABASES)('the rows of runs in %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  let rows: RunRows;
  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    rows = new RunRows(state);
  });
  afterEach(async () => {
    await state.close();
    await database.remove();
  });

  it('are read as they were reported', async () => {
    await rows.write(noteOf(parked('A', 3)));
    expect(await rows.read(ID)).toEqual(parked('A', 3));
    expect(await rows.read('run/default/B')).toBeUndefined();
  });

  const later: [string, RowState, RowState][] = [
    ['a later report of the same execution', stateOf('A', 1), stateOf('A', 2)],
    ['an execution that began later', stateOf('A', 9), stateOf('A', 1, { runId: 'A-0', order: { at: 9e12, seq: 1 } })],
    ['a reset execution, with the same start and a later id', stateOf('A', 9), stateOf('A', 1, { runId: 'A-2' })],
  ];
  it.each(later)('%s replaces an earlier one, in whatever order they are written', async (__, first, second) => {
    await rows.write(noteOf(first));
    await rows.write(noteOf(second));
    expect(await rows.read(ID)).toEqual(second);
    await rows.write(noteOf(first));
    expect(await rows.read(ID)).toEqual(second);
  });

  it('are the same after the same report is written again', async () => {
    const note = noteOf(ended('A', 5), { record: recordOf(), actions: [actionOf('a-1')] });
    await rows.write(note);
    await rows.write(note);
    expect(await rows.read(ID)).toEqual(ended('A', 5));
    expect(await rows.actions(ID)).toEqual([actionOf('a-1')]);
  });

  it('keep the record of each run of a workflow id, and know whether it is complete', async () => {
    await rows.write(noteOf(stateOf('A', 2), { record: recordOf() }));
    expect(await rows.record(ID)).toMatchObject({ runId: 'A-1', ended: false });
    await rows.write(noteOf(ended('A', 5, 'failed'), { record: recordOf({ of: 'A-0' }) }));
    const again = stateOf('A', 1, { runId: 'A-2', firstRunId: 'A-2', order: { at: 9e12, seq: 1 } });
    await rows.write(noteOf(again, { record: recordOf() }));
    expect(await rows.record(ID, 'A-1')).toEqual({ ...recordOf({ of: 'A-0' }), runId: 'A-1', ended: true });
    expect(await rows.record(ID)).toMatchObject({ runId: 'A-2', ended: false });
    expect(await rows.record(ID, 'A-9')).toBeUndefined();
  });

  it('keep every action, with what has become of it', async () => {
    const refused = actionOf('a-2', {
      at: '2026-11-26T12:00:01.000Z',
      verdict: 'refused',
      code: 'stale',
      because: 'Too late.',
    });
    await rows.write(noteOf(stateOf('A', 1), { actions: [actionOf('a-1'), refused] }));
    await rows.write(noteOf(stateOf('A', 2), { actions: [actionOf('a-1', { effect: 'done', repeats: 2 })] }));
    await rows.write(noteOf(stateOf('A', 1), { actions: [actionOf('a-1')] })); // late
    expect(await rows.actions(ID)).toEqual([actionOf('a-1', { effect: 'done', repeats: 2 }), refused]);
  });

  it('that are open are listed for the repair', async () => {
    await rows.write(noteOf(parked('A', 1)));
    await rows.write(noteOf(ended('B', 1)));
    const waitingSince = parked('A', 1).waitingOn.since;
    const open = { workflowId: ID, runId: 'A-1', status: 'parked', phase: 'human-test:parked', waitingSince };
    expect(await rows.open()).toEqual([open]);
    expect(await rows.known([ID, 'run/default/B', 'run/default/C'])).toEqual(new Set([ID, 'run/default/B']));
  });

  it('are repaired only if nothing was reported meanwhile', async () => {
    await rows.write(noteOf(stateOf('A', 1)));
    const before = await rows.read(ID);
    await rows.write(noteOf(stateOf('A', 2)));
    expect(await rows.repair(noteOf(ended('A', 1, 'failed')), before)).toBe(false);
    expect(await rows.repair(noteOf(ended('A', 2, 'failed')), stateOf('A', 2))).toBe(true);
    expect(await rows.read(ID)).toEqual(ended('A', 2, 'failed'));
    expect(await rows.repair(noteOf(stateOf('B', 0)), undefined)).toBe(true);
    expect(await rows.repair(noteOf(stateOf('B', 0)), undefined)).toBe(false);
  });

  it('contain no password of an address', async () => {
    const repository = 'https://ana:secret@example.org/shop.git';
    const record = recordOf({ input: { change: { repository } } });
    await rows.write(
      noteOf(stateOf('A', 1, { repository }), { record, actions: [actionOf('a', { because: repository })] }),
    );
    const tables = ['runs', 'run_records', 'audit'] as const;
    const all = await Promise.all(tables.map((name) => state.query((db) => db.selectFrom(name).selectAll().execute())));
    expect(JSON.stringify(all)).not.toContain('secret');
    expect(await rows.read(ID)).toMatchObject({ repository: 'https://…@example.org/shop.git' });
  });

  it('hide what people have written where there are keys, and are read by who has them', async () => {
    const sealed = new State(database.location, presence, textCipher([KEY]));
    const written = new RunRows(sealed);
    const note = noteOf(parked('A', 1), { record: recordOf(), actions: [actionOf('a-1', { because: 'The total' })] });
    await written.write(note);
    const tables = ['runs', 'run_records', 'audit'] as const;
    const all = await Promise.all(tables.map((name) => state.query((db) => db.selectFrom(name).selectAll().execute())));
    expect(JSON.stringify(all)).not.toMatch(/total|Try it/i);
    expect(await written.read(ID)).toEqual(parked('A', 1));
    const newer = new State(database.location, presence, textCipher([{ ...KEY, id: 'k2' }, KEY]));
    expect(await new RunRows(newer).record(ID)).toMatchObject(recordOf());
    const keyless = new State(database.location, presence, textCipher([]));
    await expect(new RunRows(keyless).read(ID)).rejects.toThrow('expected the key k1');
    await rows.write(noteOf(parked('B', 1)));
    expect(await written.read('run/default/B')).toEqual(parked('B', 1));
    await Promise.all([sealed, newer, keyless].map((each) => each.close()));
  });

  describe('with a task limit', () => {
    const admit = (task: string, most: number, over: { type?: string; perType?: boolean; besides?: string[] } = {}) => {
      const { type = 'feature', perType = false, besides = [] } = over;
      return rows.admit({ holder: holder(task), repository: '/srv/shop.git', type, limit: { most, perType, besides } });
    };

    it('admit exactly as many runs as there is room for, however many ask at once', async () => {
      const tasks = Array.from({ length: 8 }, (__, n) => `T-${n}`);
      const answers = await Promise.all(tasks.map((task) => admit(task, 3)));
      expect(answers.filter((live) => live.length === 0)).toHaveLength(3);
      expect(answers.filter((live) => live.length === 3)).toHaveLength(5);
    });

    it('admit a run again that has a slot, and give it back when its row ends', async () => {
      expect(await admit('A', 1)).toEqual([]);
      expect(await admit('A', 1)).toEqual([]);
      expect(await admit('B', 1)).toEqual([ID]);
      await rows.write(noteOf(ended('A', 3)));
      expect(await admit('B', 1)).toEqual([]);
    });

    it('give back only the slot of the run that holds it', async () => {
      await admit('A', 1);
      await rows.release({ workflowId: ID, runId: 'A-0' });
      expect(await rows.holders([ID, 'run/default/B'])).toEqual([holder('A')]);
      await rows.release(holder('A'));
      expect(await rows.holders([ID])).toEqual([]);
    });

    it('count each type of task by itself if the limit is one per type', async () => {
      expect(await admit('A', 1, { type: 'bug', perType: true })).toEqual([]);
      expect(await admit('B', 1, { type: 'feature', perType: true })).toEqual([]);
      expect(await admit('C', 1, { type: 'bug', perType: true })).toEqual([ID]);
    });

    it('count the runs of earlier builds too, which have no slot', async () => {
      expect(await admit('A', 2, { besides: ['run/default/OLD', ID] })).toEqual(['run/default/OLD', ID]);
      expect(await admit('A', 2, { besides: ['run/default/OLD'] })).toEqual([]);
    });
  });
});
