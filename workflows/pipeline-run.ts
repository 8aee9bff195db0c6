import { patched, workflowInfo } from '@temporalio/workflow';
import type { ClosedRun } from './contracts/run/closed-run.ts';
import { runIdOf, type Resume } from './contracts/pipeline-run.ts';
import type { StepRecord } from './contracts/run/state.ts';
import type { GateEnd } from './gates/gate.ts';
import { gateFor, needsOf, rolesOf, RunInput, wrongDependents } from './gates/index.ts';
import { contextFor } from './step/context.ts';
import { scopeFor } from './step/scope.ts';
import { parseInput } from './temporal/input.ts';
import type { Result } from './run/ending/closing.ts';
import { conclude } from './run/ending/ending.ts';
import { invalidInput, refuseInput } from './run/ending/invalid-input.ts';
import { serve } from './run/messages.ts';
import { isAskedAboutFork, untilTrusted } from './step/people/forks.ts';
import { firstPoll } from './step/polls.ts';
import { examined, recordOf } from './run/record.ts';
import { ChangeOver, LiveRun } from './run/live-run.ts';
import { stop } from './run/always-available.ts';
import { beginStep, takeSteps } from './run/steps.ts';
import { madeUp, takeUp, takeUpMerge } from './run/taking-up.ts';
import { transition } from './step/transition.ts';
import { skipReason } from './rules/estimate.ts';
import { examining, readingClosedRun } from './words/run.ts';
import { voidedSteps } from './rules/head.ts';

/** Takes a change through its pipeline's steps, in order, until it is merged, or one of them fails. */
export async function pipelineRun(raw: unknown): Promise<Result> {
  const input = parseInput(RunInput, raw, {
    id: ({ workspace, task }) => runIdOf(workspace, task.id),
    handedOn: { path: 'resume.state', of: ({ resume }) => resume?.['state'] },
    refuse: refuseInput,
  });
  const { resume, ...own } = input;
  if (!workflowInfo().continuedFromExecutionRunId) {
    const facts = madeUp(resume);
    if (facts.length > 0 && patched('settled-steps-are-read')) refuseInput(facts);
    const wrong = wrongDependents(input);
    if (wrong.length > 0 && patched('dependents-are-judged')) refuseInput(wrong);
  }
  const { resume: continued, ...given } = raw as Record<string, unknown>;
  void continued;
  const live = new LiveRun(recordOf(input), own, { input: given, of: resume?.of?.runId });
  return serve(live, () =>
    conclude(live, async () => {
      if (!live.state.change.basis) await examine(live, resume, given['policy']);
      return takeSteps(live, (step) => oneStep(live, step));
    }),
  );
}

/** Examines the repository before anything is changed. A retry keeps the base and the repository of its first start. */
async function examine(live: LiveRun, resume: Resume | undefined, policy: unknown): Promise<void> {
  const { state } = live;
  const before = resume?.of && (await continueFrom(live, resume.of.runId, resume.from));
  const merged = before?.recovered?.merged;
  if (merged) {
    if (!takeUpMerge(state, merged)) throw new ChangeOver('merged', merged.commit);
    return;
  }
  showStarting(live, examining());
  const holder = { workflowId: state.workflowId, runId: state.firstRunId };
  const { pipeline } = state;
  const { base = before?.base, ...change } = state.input.change;
  const input = { ...state.input, change: { ...change, base } };
  const question = {
    input,
    roles: rolesOf(pipeline),
    needs: needsOf(pipeline),
    holder,
    began: before?.began,
    ...(typeof policy === 'object' && policy !== null && { given: policy as Record<string, unknown> }),
  };
  const found = await live.activities('start').examine(question);
  live.row.allow(found.rows, found.is === 'ready' && found.steps);
  if (found.is === 'refused') throw invalidInput(found.fields);
  examined(state, found);
  if (found.lacking !== undefined) live.notices.notify(state.steps[0]!, 'checkout_lacking', found.lacking);
}

/** Takes over what the closed execution has settled, as its own record shows. */
async function continueFrom(live: LiveRun, runId: string, from: number | undefined): Promise<ClosedRun> {
  showStarting(live, readingClosedRun());
  const read = await live.activities('start').readClosed({ runId });
  live.row.allow(read.rows);
  const wrong = read.is === 'refused' ? read.fields : takeUp(live.state, read.run, from);
  if (read.is === 'refused' || wrong.length > 0) throw invalidInput(wrong);
  return read.run;
}

const showStarting = ({ state }: LiveRun, detail: string) =>
  transition(state, state.steps[0]!, { phase: 'starting', waitingOn: 'forge', detail });

/** Runs one step: inspects the head, then runs the gate. */
async function oneStep(live: LiveRun, step: StepRecord): Promise<GateEnd> {
  const { state } = live;
  const scope = scopeFor(live, step);
  const { uses = [], run } = gateFor(step.kind);
  const gate = () => run(contextFor(scope, uses, () => stop(live)));
  if (live.upgrade.resumed) {
    if (isAskedAboutFork(step)) await untilTrusted(scope);
    return gate();
  }
  const skipped = skipReason(step.options.when, state.estimate ?? state.input.task.estimate);
  if (skipped) return { is: 'skipped', note: skipped };

  await beginStep(live, step);
  step.state = 'working';
  step.startedAt ??= new Date().toISOString();
  if (state.head !== undefined && step.step > 1 && state.mergeCommit === undefined) {
    live.saw(await firstPoll(scope));
    const [first, ...others] = voidedSteps(state).filter((each) => each.step.step < step.step);
    if (first) return { is: 'back', to: [first, ...others].map((each) => each.step.id), because: first.because };
  }
  return gate();
}
