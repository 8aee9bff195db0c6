import { appendFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Notifier } from '../../../ports.ts';
import { foldersOf } from '../../files/folders.ts';
import { readText } from '../../files/records.ts';
import type { Local } from '../opening.ts';

/** Appends one line of JSON per notice and severity. Skips a notice that the file already has. */
export const fileNotifier = ({
  root,
  notices,
  state,
}: Pick<Local, 'root' | 'state'> & { notices?: string | undefined }): Notifier => {
  const file = path.resolve(notices ?? foldersOf(root).notices);
  return {
    deliver: ({ key, workflowId, task, notice }) =>
      state.leases.hold(`notices ${file}`, async () => {
        await mkdir(path.dirname(file), { recursive: true });
        const text = (await readText(file)) ?? '';
        const begin = `{"delivery":${JSON.stringify(key)},`;
        // The last part is empty, or a line that a killed writer did not finish. Such a line is not a notice, so ours begins
        // on a new line.
        const lines = text.split('\n');
        const half = lines.pop() !== '';
        if (lines.some((line) => line.startsWith(begin))) return;
        const line = JSON.stringify({ delivery: key, workflowId, task, ...notice });
        await appendFile(file, `${half ? '\n' : ''}${line}\n`);
      }),
  };
};
