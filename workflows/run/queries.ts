import { setHandler } from '@temporalio/workflow';
import { actionsQuery, outputQuery, runQuery, waitingOnQuery } from '../contracts/queries.ts';
import type { OutputAnswer } from '../contracts/reading.ts';
import type { RunState } from '../contracts/run/state.ts';
import { drawWhenRead } from '../temporal/details.ts';
import { describeRun, waitingOn } from '../words/views/describe.ts';
import { currentDetails } from '../words/views/details.ts';
import { QUERIES } from '../words/views/handlers.ts';

/** Answers the queries about a run, also once it is closed, and draws its page in the Web UI. */
export function openQueries(run: () => RunState): void {
  drawWhenRead(() => currentDetails(run()));
  setHandler(runQuery, () => describeRun(run()), { description: QUERIES.run });
  setHandler(waitingOnQuery, () => waitingOn(run()), { description: QUERIES.waitingOn });
  setHandler(actionsQuery, () => run().actions, { description: QUERIES.actions });
  setHandler(outputQuery, (question) => outputOf(run(), question), { description: QUERIES.output });
}

function outputOf(run: RunState, question: unknown): OutputAnswer | null {
  const step = run.steps.find(({ step }) => step === (question as { step?: unknown } | undefined)?.step);
  if (step?.summary === undefined) return null;
  const { kind, summary, output } = step;
  return { step: step.step, kind, summary, ...(output !== undefined && { output }) };
}
