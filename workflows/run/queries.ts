import { setCurrentDetails, setHandler } from '@temporalio/workflow';
import { actionsQuery, outputQuery, runQuery, waitingOnQuery } from '../contracts/messages.ts';
import type { OutputAnswer } from '../contracts/reading.ts';
import type { RunState } from '../contracts/state.ts';
import { currentDetails } from '../rules/details.ts';
import { describeRun, waitingOn } from '../rules/describe.ts';

/**
 * Lets people look at the run, also once it is closed. Its page in the Web UI costs no history, and is drawn when somebody
 * looks: the SDK keeps what it is given, and makes JSON of it for whoever asks.
 */
export function openQueries(run: () => RunState): void {
  setCurrentDetails({ toJSON: () => currentDetails(run()) } as unknown as string);
  setHandler(runQuery, () => describeRun(run()), { description: 'The run: its steps, and what it is doing.' });
  setHandler(waitingOnQuery, () => waitingOn(run()), { description: 'What the run waits for, and since when.' });
  setHandler(actionsQuery, () => run().actions, { description: 'Who did what, and what was refused: newest last.' });
  setHandler(outputQuery, (question) => outputOf(run(), question), {
    description: 'What a step made, in full. Input: {"step": 1}.',
  });
}

function outputOf(run: RunState, question: unknown): OutputAnswer | null {
  const step = run.steps.find(({ step }) => step === (question as { step?: unknown } | undefined)?.step);
  if (step?.summary === undefined) return null;
  const { kind, summary, output } = step;
  return { step: step.step, kind, summary, ...(output !== undefined && { output }) };
}
