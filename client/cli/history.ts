import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { historyToJson } from '../offline/histories.ts';
import { replay } from '../offline/replay.ts';
import { isJson, withRuns, workflowIdOf } from './context.ts';
import { EXIT, Usage } from './exit-codes.ts';
import type { Ended } from './main.ts';
import { print } from './output.ts';

/** History out, and history against today's code. */
export function addHistory(program: Command, ended: Ended): void {
  const out = program.command('export <run>').description('The run’s history, as JSON.');
  out
    .option('--output <file>', 'where to; default: standard output')
    .action(async (run: string, { output }: { output?: string }) => {
      await withRuns(async ({ runs }) => {
        const json = historyToJson(await runs.history(workflowIdOf(run)));
        if (output === undefined) process.stdout.write(`${json}\n`);
        else await writeFile(output, json);
      });
    });

  const again = program
    .command('replay <files...>')
    .description('Replays exported histories against this build’s code.');
  again.action(async (files: string[]) => {
    const results: { file: string; ok: boolean; because?: string }[] = [];
    for (const file of files) {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) throw new Usage(`${file}: expected a file with an exported history`);
      results.push({ file, ...(await replay(text)) });
    }
    const broken = results.filter(({ ok }) => !ok);
    print(isJson(again), results, () =>
      results
        .map(({ file, ok, because }) => `${ok ? 'ok    ' : 'BROKEN'} ${file}${because ? `: ${because}` : ''}`)
        .join('\n'),
    );
    if (broken.length > 0) ended(EXIT.failed);
  });
}
