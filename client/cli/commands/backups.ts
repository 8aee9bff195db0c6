import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { databaseOf } from '../../../worker/configuration/shared.ts';
import type { Contents } from '../../../activities/adapters/state/backups.ts';
import { readConfig } from '../../config.ts';
import { NotPossible } from '../../errors.ts';
import { takeLock } from '../../local-stack/locking.ts';
import { bytesInWords } from '../../../workflows/contracts/text/sizes.ts';
import type { Called } from '../called.ts';
import { print } from '../output.ts';

export async function backup({ args: [file], json }: Called<[string]>): Promise<void> {
  const { variables, data, codecKeys } = readConfig();
  const { backUp } = await import('../../../activities/adapters/state/backups.ts');
  const done = await backUp(databaseOf(variables, data), path.resolve(file));
  if (done.is === 'refused') throw new NotPossible(done.because);
  const { is, ...result } = done;
  void is;
  const keys = codecKeys && 'Texts in it are encrypted: keep the keys (GATEHOUSE_CODEC_KEYS) elsewhere.';
  print(json, result, () => [`${result.file}: ${contents(result)}`, keys].filter(Boolean).join('\n'));
}

/** The lock of the local stack is held meanwhile, so that none starts. */
export async function restore({ args: [file], json }: Called<[string]>): Promise<void> {
  const { variables, data } = readConfig();
  const location = databaseOf(variables, data);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const { ownedBy, release } = await takeLock(path.join(data, 'up.lock'));
  if (ownedBy !== undefined) throw new NotPossible(`A stack on ${data} is up (pid ${ownedBy}). Stop it first.`);
  try {
    const backups = await import('../../../activities/adapters/state/backups.ts');
    const done = await backups.restore(location, path.resolve(file));
    if (done.is === 'refused') throw new NotPossible(done.because);
    const { is, ...result } = done;
    void is;
    const { kept } = result;
    print(json, result, () =>
      [
        `${result.file} is the backup now: ${contents(result)}`,
        kept && `The database before is ${kept}.`,
        'Workers bring its rows up to date with the Temporal server before they decide anything.',
      ]
        .filter(Boolean)
        .join('\n'),
    );
  } finally {
    await release();
  }
}

const contents = ({ bytes, runs, live, schema }: Contents): string =>
  `${bytesInWords(bytes)}, ${runs} ${runs === 1 ? 'run' : 'runs'} (${live} live), schema ${schema}`;
