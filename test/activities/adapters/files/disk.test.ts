import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFile, DiskFull, roomFor } from '../../../../activities/adapters/files/disk.ts';
import { writeFileAtomically } from '../../../../activities/adapters/files/records.ts';
import { exclusivelyIn } from '../../../../activities/adapters/processes/exclusive.ts';
import { stateIn } from '../../../support/state/databases.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-disk-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const withCode = (code: string) => Object.assign(new Error(`${code}: write`), { code });

it.each([
  ['a write without room', withCode('ENOSPC'), true],
  ['a write over the quota', withCode('EDQUOT'), true],
  ['git without room', new Error('git checkout ended with 128: fatal: write error: No space left on device'), true],
  ['git over the quota', new Error('error: unable to write file x: Disk quota exceeded'), true],
  ['anything else', withCode('EACCES'), false],
])('a full disk is recognised: %s', async (_, failure, full) => {
  const reported = await roomFor('/the/data', () => Promise.reject(failure)).catch((each: unknown) => each);
  if (!full) return expect(reported).toBe(failure);
  expect(reported).toBeInstanceOf(DiskFull);
  expect((reported as Error).message).toBe(`The disk of /the/data is full: ${failure.message}`);
  expect(await roomFor('/', () => Promise.reject(reported as Error)).catch((each: unknown) => each)).toBe(reported);
});

it('a full disk during exclusive work is thrown as DiskFull, and the work may run again', async () => {
  const exclusively = exclusivelyIn(home, stateIn(home));
  const work = () => Promise.reject(withCode('ENOSPC'));
  for (let n = 0; n < 2; n += 1) {
    await expect(exclusively('a', work)).rejects.toThrow(`The disk of ${home} is full`);
  }
  expect(await exclusively.held()).toEqual([]);
});

it('a file that cannot be replaced stays unchanged, and no draft is left', async () => {
  const file = path.join(home, 'folder');
  await mkdir(file);
  await writeFile(path.join(file, 'kept'), 'kept');
  await expect(writeFileAtomically(file, 'new')).rejects.toThrow();
  expect(await readdir(home)).toEqual(['folder']);
});

it('an existing file is not created again', async () => {
  const file = path.join(home, 'a');
  await createFile(file, 'first');
  await expect(createFile(file, 'second')).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await readFile(file, 'utf8')).toBe('first');
});
