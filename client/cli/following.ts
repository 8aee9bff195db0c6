import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { BadVariables } from '../../worker/configuration/variables.ts';
import type { ClientConfig } from '../config.ts';
import { NotFound } from '../errors.ts';
import { findTemporal } from '../local-stack/acquire.ts';
import type { Runs } from '../runs.ts';
import { EXIT } from './exit-codes.ts';
import { tell } from './output.ts';
import { Story } from './texts/story.ts';

const PAUSE_MS = 500;

interface Following {
  runs: Runs;
  config: ConstructorParameters<typeof Story>[0];
  workflowId: string;
  json: boolean;
  until: 'parked' | undefined;
  /** Called with each state of the run. Returns whether to continue. */
  seen?: (answer: RunAnswer) => Promise<boolean>;
}

/** Follows a run until it ends, and returns the exit code for its end. */
export async function follow({ runs, config, workflowId, json, until, seen }: Following): Promise<number> {
  const story = new Story(config, (line, event) => tell(json, line, event));
  await runs.describe(workflowId); // a run that does not exist is reported at once
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

/** Returns undefined if no worker answers, because one may be back soon. */
async function answered(runs: Runs, workflowId: string) {
  try {
    return await runs.run(workflowId);
  } catch (failure) {
    if (failure instanceof NotFound || failure instanceof BadVariables) throw failure;
    return undefined;
  }
}

/** The settings with which a story names the Web UI and the `temporal` program of this machine. */
export async function storySettingsOf({ address, namespace, variables, environment, cache }: ClientConfig) {
  const sources = { cliPath: variables.TEMPORAL_CLI_PATH, searchPath: environment['PATH'], cache };
  const temporal = (await findTemporal(sources)) ?? 'temporal';
  const uiUrl = variables.TEMPORAL_ADDRESS === undefined && `http://127.0.0.1:${variables.GATEHOUSE_UI_PORT}`;
  return { address, namespace, ...(uiUrl && { uiUrl }), environment: { ...environment, TEMPORAL_CLI_PATH: temporal } };
}
