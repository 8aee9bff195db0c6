import { writeFile } from 'node:fs/promises';
import { exportAll, type Which } from '../../exporting.ts';
import { typed } from '../../invocation.ts';
import { historyData } from '../../offline/histories.ts';
import { scrubbed } from '../../offline/scrubbing.ts';
import type { Called } from '../called.ts';
import { withRuns, workflowIdOf, type Session } from '../context.ts';
import { Usage } from '../exit-codes.ts';
import { print } from '../output.ts';
import { nowAndThen } from '../progress.ts';

interface Wanted extends Which {
  output?: string;
  all?: boolean;
  to?: string;
  scrub?: boolean;
}

/** Exports one history to a file or standard output, or many into a folder. */
export async function exportHistories({
  args: [run],
  options: wanted,
  json,
}: Called<[string?], Wanted>): Promise<void> {
  const many = wanted.all === true || wanted.live === true || wanted.status !== undefined;
  if (many === (run !== undefined)) throw new Usage('expected a run, or one of --all, --live and --status');
  if (many !== (wanted.to !== undefined)) throw new Usage('--to: expected a folder with --all, --live or --status');
  if (many && wanted.output !== undefined) throw new Usage('--output: expected a single run; use --to for several');
  await withRuns((session) =>
    run === undefined ? exportMany(session, wanted, json) : exportOne(session, run, wanted),
  );
}

async function exportOne({ config, runs }: Session, run: string, { output, scrub }: Wanted): Promise<void> {
  const whole = historyData(await runs.history(workflowIdOf(run)));
  const text = JSON.stringify(scrub ? scrubbed(whole, [config.data]) : whole, null, 2);
  if (output === undefined) process.stdout.write(`${text}\n`);
  else await writeFile(output, text);
}

async function exportMany({ config, client }: Session, { to = '', scrub, ...which }: Wanted, json: boolean) {
  const { written, gone } = await exportAll(client, {
    ...which,
    to,
    scrub: scrub ? (history) => scrubbed(history, [config.data]) : (history) => history,
    tell: nowAndThen((done) => `${done} histories written`),
  });
  print(
    json,
    { to, written, gone },
    ({ to }) => `${written} histories are in ${to}. Try them: ${typed(`replay ${to}`)}`,
  );
}
