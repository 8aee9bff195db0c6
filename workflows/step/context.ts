import { CancellationScope } from '@temporalio/workflow';
import type { StepRecord } from '../contracts/run/state.ts';
import type { Capabilities, Capability } from '../gates/capabilities.ts';
import type { Core, GateContext } from '../gates/gate.ts';
import { voidedSteps } from '../rules/head.ts';
import { descriptionOf } from '../rules/outputs.ts';
import { attempt } from './attempt.ts';
import { baseFor } from './base.ts';
import { checks } from './checks.ts';
import { documentsFor } from './documents.ts';
import { environmentFor } from './environment.ts';
import { send } from './jobs.ts';
import { keep, outputOf, revision } from './keeping.ts';
import { park } from './people/park.ts';
import { poll } from './polls.ts';
import { releaseFor } from './release.ts';
import type { StepScope } from './scope.ts';
import { inWords } from '../words/index.ts';
import { trackerFor } from './tracker.ts';
import { transition } from './transition.ts';

/** How a step gets each capability. `stop` ends the run. */
const CAPABILITIES: { [Name in Capability]: (scope: StepScope, stop: () => void) => Capabilities[Name] } = {
  activities: ({ activities }) => activities,
  base: baseFor,
  branchResumed:
    ({ run }) =>
    () =>
      run.state.branchResumed === true,
  checks: (scope) => (view) => checks(scope, view),
  documents: documentsFor,
  environment: environmentFor,
  estimated:
    ({ run }) =>
    (estimate) =>
      void (run.state.estimate = estimate),
  failedEffect:
    ({ run }) =>
    () =>
      run.mailbox.settleEffect('failed'),
  output: (scope) => ({ of: (step) => outputOf(scope, step), revision: (feedback) => revision(scope, feedback) }),
  release: releaseFor,
  stop: (_, stop) => async () => {
    stop();
    await CancellationScope.current().cancelRequested;
    throw new Error('A cancelled run continues.');
  },
  tracker: trackerFor,
  verdicts: ({ run: { state } }) => ({
    voided: () => voidedSteps(state),
    foreignKnown: () => state.foreign.length,
  }),
};

/** Gives a gate its context and the capabilities that it uses: the one place where gates meet Temporal. */
export function contextFor<Uses extends Capability>(
  scope: StepScope,
  uses: readonly Uses[],
  stop: () => void,
): GateContext<StepRecord['options'], Uses> {
  const used = Object.fromEntries(uses.map((name) => [name, CAPABILITIES[name](scope, stop)]));
  return { ...coreFor(scope), ...(used as Pick<Capabilities, Uses>) };
}

function coreFor(scope: StepScope): Core<StepRecord['options']> {
  const { run, step } = scope;
  const { state, upgrade } = run;
  return {
    step,
    options: step.options,
    policy: state.policy,
    change: () => state.change,
    head: () => state.head,
    steps: () => state.steps,
    title: () => state.input.task.title,
    description: () => [state.input.task.title, descriptionOf(state)].filter(Boolean).join('\n\n'),
    show: (view) => transition(state, step, view),
    notice: (type, text) => run.notices.notify(step, type, text),
    inWords,
    keep: (owner, made) => keep(scope, owner, made),
    send: (role, work, view) => send(scope, role, work, view),
    poll: (about, view, ask) => poll(scope, about, view, ask),
    attempt: (view, work) => attempt(scope, view, work),
    concurrently,
    park: (ask, notice, parking) => park(scope, ask, notice, parking),
    resumed: (schema) => (upgrade.resumed === step ? schema.parse(step.parked?.kept) : undefined),
  };
}

/** Waits for all, also when one fails: no work may continue unattended. */
async function concurrently<T>(work: readonly (() => Promise<T>)[]): Promise<T[]> {
  const ends = await Promise.allSettled(work.map((each) => each()));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
  return ends.map((end) => (end as PromiseFulfilledResult<T>).value);
}
