import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { END_BYTES, KeptLogs } from '../../../../activities/adapters/processes/kept-logs.ts';
import { partOf, tailOf } from '../../../../activities/adapters/processes/logs.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import { removeFolder } from '../../../support/folders.ts';
import { stateIn } from '../../../support/state/databases.ts';

let root: string;
let state: State;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'gatehouse-logs-'));
  state = stateIn(root);
});
afterEach(async () => {
  await state.close();
  await removeFolder(root);
});

const part = async (offset: number, most = 100) => {
  const found = await partOf(root, 'stdout', { offset, most });
  return found && [found.offset, found.bytes.toString(), found.size];
};

describe('a part of a log', () => {
  it('spans the file that was full and the one that continues it', async () => {
    await writeFile(path.join(root, 'stdout.earlier.log'), 'one two ');
    await writeFile(path.join(root, 'stdout.log'), 'three');
    expect(await part(0)).toEqual([0, 'one two three', 13]);
    expect(await part(4, 6)).toEqual([4, 'two th', 13]);
    expect(await part(10)).toEqual([10, 'ree', 13]);
    expect(await part(13)).toEqual([13, '', 13]);
    expect(await tailOf(root, 'stdout', 7)).toBe('o three');
  });

  it('beyond the end is the last one', async () => {
    await writeFile(path.join(root, 'stdout.log'), 'three');
    expect(await part(Number.MAX_SAFE_INTEGER, 3)).toEqual([2, 'ree', 5]);
  });

  it('is none where nothing was printed', async () => {
    expect(await part(0)).toBeUndefined();
  });
});

describe('the end of a log', () => {
  const KEY = 'run/default/A/1/coder';
  const kept = async (offset: number) => {
    const found = await new KeptLogs(state).read(KEY, 'stdout', offset);
    return (
      found.is === 'part' && [found.offset, Buffer.from(found.bytes, 'base64').toString(), found.size, found.ended]
    );
  };

  it('outlives the files, and knows where it begins', async () => {
    await writeFile(path.join(root, 'stdout.log'), `${'a'.repeat(10)}${'b'.repeat(END_BYTES)}`);
    await new KeptLogs(state).keep(KEY, root);
    await rm(path.join(root, 'stdout.log'));
    // A log that is gone replaces none.
    await new KeptLogs(state).keep(KEY, root);
    const size = END_BYTES + 10;
    expect(await kept(0)).toEqual([10, 'b'.repeat(END_BYTES), size, true]);
    expect(await kept(size - 2)).toEqual([size - 2, 'bb', size, true]);
    expect(await kept(size)).toEqual([size, '', size, true]);
    expect(await kept(size + 1)).toEqual([10, 'b'.repeat(END_BYTES), size, true]);
  });

  it('is none for a job that printed nothing', async () => {
    await new KeptLogs(state).keep(KEY, root);
    expect(await kept(0)).toBe(false);
  });
});
