import { workflowInfo } from '@temporalio/workflow';
import { badFields } from './contracts/bad-fields.ts';
import { runIdOf, type RunInput as Input } from './contracts/pipeline-run.ts';
import type { StepRecord } from './contracts/state.ts';
import { isUnreadable } from './contracts/unreadable.ts';
import type { GateEnd } from './gates/gate.ts';
import { gateFor, needsOf, rolesOf, RunInput } from './gates/index.ts';
import { contextFor } from './lib/context.ts';
import { deskFor } from './lib/desk.ts';
import { conclude, invalidInput, refuseInput, type Result } from './lib/ending.ts';
import { serve } from './lib/inbox.ts';
import { firstLook } from './lib/looks.ts';
import { examined, recordOf } from './lib/record.ts';
import { LiveRun } from './lib/run.ts';
import { stop } from './lib/standing.ts';
import { beginStep, takeSteps } from './lib/steps.ts';
import { transition } from './lib/windows.ts';
import { skipReason } from './rules/estimate.ts';
import { voidedSteps } from './rules/head.ts';

/** Takes a change through its pipeline's steps, in order, until it is merged, or one of them fails. */
export async function pipelineRun(raw: unknown): Promise<Result> {
  const input = read(raw);
  const { resume, ...own } = input;
  void resume;
  const live = new LiveRun(recordOf(input), own);
  return serve(live, () =>
    conclude(live, async () => {
      if (!live.state.change.basis) await examine(live);
      return takeSteps(live, (step) => oneStep(live, step));
    }),
  );
}

/** Parses at the door. A continued run that cannot be read was written by a newer build: that one shall have it. */
function read(raw: unknown): Input {
  const { workflowId, continuedFromExecutionRunId } = workflowInfo();
  if (isUnreadable(raw)) throw new Error('The input cannot be decoded: does this worker lack a codec?');
  const { data, error } = RunInput.safeParse(raw);
  if (!data && continuedFromExecutionRunId) throw new Error(`A newer build wrote this input: ${error.message}`);
  if (!data) return refuseInput(badFields(error, raw));
  // Whoever starts a run does not say what it has seen already: a forged state would never be examined.
  if (data.resume?.['state'] !== undefined && !continuedFromExecutionRunId) {
    return refuseInput([{ path: 'resume.state', expected: 'only in a run that goes on by itself' }]);
  }
  const id = runIdOf(data.workspace, data.task.id);
  if (id !== workflowId) refuseInput([{ path: 'workflowId', expected: `expected ${id}` }]);
  return data;
}

/** Looks at the world before anything is made in it. */
async function examine(live: LiveRun): Promise<void> {
  const { state } = live;
  const [first] = state.steps;
  transition(state, first!, {
    phase: 'starting',
    waitingOn: 'forge',
    detail: 'Looking at the repository and its settings',
  });
  const holder = { workflowId: state.workflowId, runId: state.firstRunId };
  const { pipeline, input } = state;
  const question = { input, roles: rolesOf(pipeline), needs: needsOf(pipeline), holder };
  const look = await live.activities('start').examine(question);
  if (look.is === 'refused') throw invalidInput(look.fields);
  examined(state, look);
}

/** One step, from the look at the head with which each begins to its gate's end. */
async function oneStep(live: LiveRun, step: StepRecord): Promise<GateEnd> {
  const { state } = live;
  const desk = deskFor(live, step);
  const gate = () => gateFor(step.kind).run(contextFor(desk, () => stop(live)) as never);
  if (live.resumed) return gate();
  const skipped = skipReason(step.options.when, state.estimate ?? state.input.task.estimate);
  if (skipped) return { is: 'skipped', note: skipped };

  await beginStep(live, step);
  step.state = 'working';
  step.startedAt ??= new Date().toISOString();
  if (state.head !== undefined && step.step > 1 && state.mergeCommit === undefined) {
    live.saw(await firstLook(desk));
    const [first, ...others] = voidedSteps(state).filter((each) => each.step.step < step.step);
    if (first) return { is: 'back', to: [first, ...others].map((each) => each.step.id), because: first.because };
  }
  return gate();
}
