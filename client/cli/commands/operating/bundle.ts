import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readConfig } from '../../../config.ts';
import { NotFound, NotPossible } from '../../../errors.ts';
import { stateOf } from '../../../http/state.ts';
import type { Called } from '../../called.ts';
import { workflowIdOf } from '../../context.ts';
import { print } from '../../output.ts';

/** Writes the newest commits of a run that its forge refused into a file. */
export async function bundle({ args: [run], options, json }: Called<[string], { output?: string }>): Promise<void> {
  const workflowId = workflowIdOf(run);
  const state = stateOf(readConfig());
  try {
    const kept = await state.query((db) =>
      db
        .selectFrom('bundles')
        .selectAll()
        .where('workflow_id', '=', workflowId)
        .orderBy('kept_at', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    if (!kept)
      throw new NotFound(`No commits of ${workflowId} are kept: no push of it was refused, or it was long ago.`);
    const file = path.resolve(options.output ?? `${workflowId.split('/').at(-1)}.bundle`);
    const bytes = Buffer.from(state.cipher.decrypt(kept.bundle), 'base64');
    await writeFile(file, bytes, { flag: 'wx', mode: 0o600 }).catch((failure: NodeJS.ErrnoException) => {
      if (failure.code !== 'EEXIST') throw failure;
      throw new NotPossible(`${file} is there already. Remove it, or name another one with --output.`);
    });
    const { repository, branch, commit } = kept;
    print(json, { file, bytes: bytes.length, repository, branch, commit }, () =>
      [
        `${file}: ${commit.slice(0, 8)}, which could not be pushed to ${branch} of ${repository}.`,
        `In a clone of it: git fetch ${file} ${branch}`,
      ].join('\n'),
    );
  } finally {
    await state.close();
  }
}
