import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { soleOwner, takeLock } from '../../../client/local-stack/locking.ts';
import { birthOf, end, readRecord, recordOf, stillRuns } from '../../../client/local-stack/processes.ts';

let home: string;
let file: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-lock-'));
  file = path.join(home, 'deep', 'up.lock');
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Writes a lock that another owner has left behind. */
async function left(text: string): Promise<void> {
  await (await takeLock(file)).release();
  await writeFile(file, text);
}

describe('a lock', () => {
  it('has one owner, and is free after its release', async () => {
    const first = await takeLock(file);
    expect(first.ownedBy).toBeUndefined();
    expect((await takeLock(file)).ownedBy).toBe(process.pid);
    await first.release();
    expect((await takeLock(file)).ownedBy).toBeUndefined();
  });

  it('is not released by a process that failed to take it', async () => {
    await takeLock(file);
    await (await takeLock(file)).release();
    expect((await takeLock(file)).ownedBy).toBe(process.pid);
  });

  it.each([
    ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, birth: 'long ago' })],
    ['a process whose pid is another’s now', JSON.stringify({ pid: process.pid, birth: 'before the power went' })],
    ['nobody, because the power failed while it was written', ''],
  ])('owned by %s is taken over', async (_, text) => {
    await left(text);
    expect((await takeLock(file)).ownedBy).toBeUndefined();
    expect(await readdir(path.dirname(file))).toEqual(['up.lock']);
  });

  it('owned by a process in another container is respected, until it has not been touched for a minute', async () => {
    await left(JSON.stringify({ pid: 2 ** 22 + 1, birth: 'long ago', namespace: 'pid:[1]' }));
    expect((await takeLock(file)).ownedBy).toBe(2 ** 22 + 1);
    const before = new Date(Date.now() - 61_000);
    await utimes(file, before, before);
    expect((await takeLock(file)).ownedBy).toBeUndefined();
  });

  it('of a dead owner is taken over by one process only', async () => {
    await left('');
    const taken = await Promise.all(Array.from({ length: 8 }, () => takeLock(file)));
    expect(taken.filter(({ ownedBy: heldBy }) => heldBy === undefined)).toHaveLength(1);
  });

  it('lets one process work at a time, and is released after a failure', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, (inside += 1));
      await readdir(home);
      inside -= 1;
      throw new Error('failed');
    };
    const turn = { say: () => undefined, waitingFor: 'another' };
    const ends = await Promise.allSettled([1, 2, 3].map(() => soleOwner(file, turn, work)));
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(most).toBe(1);
  });
});

describe('a recorded process', () => {
  it('is identified by its start time until it has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const record = readRecord(await recordOf(child.pid!))!;
    expect(record.pid).toBe(child.pid);
    expect(await stillRuns(record)).toBe(true);
    expect(await stillRuns({ ...record, birth: 'another time' })).toBe(false);
    await end(child.pid!, 10_000);
    expect(await birthOf(child.pid!)).toBeUndefined();
    expect(await stillRuns(record)).toBe(false);
  });

  it.each(['', '{', '{}', '12', 'null', '{"pid":0,"birth":"x"}', '{"pid":"1","birth":"x"}'])(
    '%j is not a valid record',
    (text) => {
      expect(readRecord(text)).toBeUndefined();
    },
  );
});
