import type { Command } from 'commander';
import { found } from '../../workflows/contracts/bad-fields.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { BadVariables } from '../../worker/configuration/variables.ts';
import { NotFound } from '../errors.ts';
import type { Runs } from '../runs.ts';
import { isJson, toldFrom, withRuns, workflowIdOf } from './context.ts';
import { EXIT, Usage } from './exit-codes.ts';
import type { Ended } from './main.ts';
import { tell } from './output.ts';
import { Story } from './story.ts';

const PAUSE_MS = 500;

export function addWatch(program: Command, ended: Ended): void {
  const command = program.command('watch <run>').description('Tells the run’s story as it happens, line by line.');
  command
    .option('--until <what>', 'parked: end once a person is needed')
    .action(async (run: string, { until }: { until?: string }) => {
      if (until !== undefined && until !== 'parked') throw new Usage(`--until: expected parked, found ${found(until)}`);
      await withRuns(async ({ runs, config }) => {
        const workflowId = workflowIdOf(run);
        ended(await watch({ runs, config: await toldFrom(config), workflowId, json: isJson(command), until }));
      });
    });
}

interface Watching {
  runs: Runs;
  config: ConstructorParameters<typeof Story>[0];
  workflowId: string;
  json: boolean;
  until: 'parked' | undefined;
  /** Told of each state that was seen; answers whether to go on. */
  seen?: (answer: RunAnswer) => Promise<boolean>;
}

/** Follows a run until it ends, and answers the exit code that fits its end. */
export async function watch({ runs, config, workflowId, json, until, seen }: Watching): Promise<number> {
  const story = new Story(config, (line, event) => tell(json, line, event));
  await runs.describe(workflowId); // a run that never was is told at once
  for (;;) {
    const answer = await answered(runs, workflowId);
    if (answer) {
      const log = await runs.actions(workflowId).catch(() => []);
      story.tell(answer, log);
      if (seen && !(await seen(answer))) return EXIT.done;
      if (until === 'parked' && (answer.status === 'parked' || answer.status === 'paused')) return EXIT.parked;
    }
    const end = await runs.ended(workflowId).catch(() => ({ is: 'live' as const }));
    if (end && end.is !== 'live') {
      story.end(end);
      return end.is === 'done' ? EXIT.done : EXIT.failed;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** A worker that does not answer now may be back soon: watching goes on. */
async function answered(runs: Runs, workflowId: string) {
  try {
    return await runs.run(workflowId);
  } catch (failure) {
    if (failure instanceof NotFound || failure instanceof BadVariables) throw failure;
    return undefined;
  }
}
