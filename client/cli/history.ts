import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { dataConverterOf } from '../../worker/configuration/converting.ts';
import { readConfig } from '../config.ts';
import { exportAll, type Which } from '../exporting.ts';
import { STATUSES } from '../listing.ts';
import { historyData, historyFiles } from '../offline/histories.ts';
import { replay } from '../offline/replay.ts';
import { scrubbed } from '../offline/scrubbing.ts';
import { isJson, withRuns, workflowIdOf, type Session } from './context.ts';
import { EXIT, Usage } from './exit-codes.ts';
import type { Ended } from './main.ts';
import { print, say } from './output.ts';
import { shown } from '../legible.ts';

/** How often, in milliseconds, a long export or replay says how far it is. */
const PROGRESS_MS = 2_000;

/** History out, and history against today's code. */
export function addHistory(program: Command, ended: Ended): void {
  addExport(program);
  addReplay(program, ended);
}

interface Wanted extends Which {
  output?: string;
  all?: boolean;
  to?: string;
  scrub?: boolean;
}

function addExport(program: Command): void {
  const out = program
    .command('export [run]')
    .description('A run’s history, as JSON; or the histories of many, into a folder, to be replayed before an upgrade.')
    .option('--output <file>', 'where to, for one run; default: standard output')
    .option('--all', 'of all runs, their environments and release watches that the server still has')
    .option('--live', 'only of those that still run')
    .addOption(new Option('--status <status>', 'only of runs that stand so').choices(STATUSES))
    .option('--to <folder>', 'where many go')
    .option('--scrub', 'without paths and names of this machine, identities and stack traces');
  out.action(async (run: string | undefined, wanted: Wanted) => {
    const many = wanted.all === true || wanted.live === true || wanted.status !== undefined;
    if (many === (run !== undefined)) throw new Usage('expected a run, or one of --all, --live and --status');
    if (many !== (wanted.to !== undefined)) throw new Usage('--to: expected a folder with --all, --live or --status');
    if (many && wanted.output !== undefined) throw new Usage('--output: is for one run; many go --to a folder');
    await withRuns((session) =>
      run === undefined ? exportMany(session, wanted, isJson(out)) : exportOne(session, run, wanted),
    );
  });
}

async function exportOne({ config, runs }: Session, run: string, { output, scrub }: Wanted): Promise<void> {
  const whole = historyData(await runs.history(workflowIdOf(run)));
  const json = JSON.stringify(scrub ? scrubbed(whole, [config.data]) : whole, null, 2);
  if (output === undefined) process.stdout.write(`${json}\n`);
  else await writeFile(output, json);
}

async function exportMany({ config, client }: Session, { to = '', scrub, ...which }: Wanted, json: boolean) {
  const { written, gone } = await exportAll(client, {
    ...which,
    to,
    scrub: scrub ? (history) => scrubbed(history, [config.data]) : (history) => history,
    tell: nowAndThen((done) => `${done} histories written`),
  });
  print(json, { to, written, gone }, ({ to }) => `${written} histories are in ${to}. Try them: gatehouse replay ${to}`);
}

function addReplay(program: Command, ended: Ended): void {
  const again = program
    .command('replay <places...>')
    .description('Replays exported histories, files or folders of them, against this build’s code.');
  again.action(async (places: string[]) => {
    const files: string[] = [];
    for (const place of places) {
      const found = await historyFiles(place);
      if (!found) throw new Usage(`${place}: expected a file with an exported history, or a folder of them`);
      if (found.length === 0) throw new Usage(`${place}: expected histories below it, as .json or .json.gz`);
      files.push(...found);
    }
    const tellNow = nowAndThen((done) => `${done} of ${files.length} replayed`);
    const results = await replay([...new Set(files)], {
      ...dataConverterOf(readConfig().codecKeys),
      tell({ file, ok, because }, done) {
        if (!ok) say(shown(`BROKEN ${file}: ${because}`));
        tellNow(done);
      },
    });
    const broken = results.filter(({ ok }) => !ok).length;
    print(isJson(again), results, () =>
      broken === 0
        ? `ok: this build goes on with all ${results.length}.`
        : `BROKEN: this build does not go on with ${broken} of ${results.length}.`,
    );
    if (broken > 0) ended(EXIT.failed);
  });
}

/** Says how far it is, but not more often than a person reads. */
function nowAndThen(line: (done: number) => string): (done: number) => void {
  let next = Date.now() + PROGRESS_MS;
  return (done) => {
    if (Date.now() < next) return;
    next = Date.now() + PROGRESS_MS;
    say(line(done));
  };
}
