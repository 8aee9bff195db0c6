import { CancellationScope, condition, getExternalWorkflowHandle, isCancellation, sleep } from '@temporalio/workflow';
import type { EnvironmentView } from '../contracts/activities.ts';
import type { EnvironmentInput } from '../contracts/environment.ts';
import { buildSignal, releaseSignal } from '../contracts/messages.ts';
import { environmentIdOf } from '../contracts/pipeline-run.ts';
import type { Text } from '../contracts/facts.ts';
import type { GateView } from '../contracts/run/state.ts';
import type { Environment } from '../gates/capabilities.ts';
import { brief } from '../rules/outputs.ts';
import { attempt } from './attempt.ts';
import { begin } from '../temporal/child.ts';
import { untilTrusted } from './people/forks.ts';
import type { StepScope } from './scope.ts';
import { pollUntilAnswered } from './polls.ts';
import { buildCalledOff, newRunBegan, notBuilt } from '../words/environment.ts';
import { inWords } from '../words/index.ts';
import { earlierEnvironmentTimer, environmentChild, environmentGoneTimer } from '../words/views/timers.ts';

/** The pauses between two attempts to start our environment while an earlier run's environment is still being removed. */
const RETRY_MS = { first: 2_000, longest: 300_000 };

export function environmentFor(scope: StepScope): Environment {
  const { run } = scope;
  const { state } = run;
  return {
    configured: state.environments,
    current: () => state.environment,
    build: (view) => build(scope, view),
    async follow(view) {
      const { environment, head } = state;
      if (environment?.status === 'live' && head !== undefined && environment.head !== head) await build(scope, view);
    },
    release: (because) => release(scope, because),
  };
}

/** Builds the next generation and shows its status. A person may call it off. A failure becomes the reason shown. */
async function build(scope: StepScope, view: GateView): Promise<void> {
  const { run, step } = scope;
  const { state } = run;
  await run.budget.wait(step);
  await untilTrusted(scope);
  const live = state.environment?.status === 'live' || state.environment?.status === 'provisioning';
  state.generation += 1;
  const { generation } = state;
  const holder = { workflowId: state.workflowId, runId: state.firstRunId };
  const own = { generation, holder, ...(state.head && { head: state.head }) };
  state.environment = { ...own, status: 'provisioning' };

  const deadline = new Date(Date.now() + state.policy.provisionSeconds * 1_000).toISOString();
  const end = await attempt<EnvironmentView>(scope, { ...view, deadline }, () => provision(scope, live));
  if (end.is === 'called-off') return release(scope, buildCalledOff());
  if (end.is === 'done') state.generation = Math.max(state.generation, end.value.generation);
  state.environment =
    end.is === 'done' ? end.value : { ...own, status: 'failed', because: notBuilt({ because: end.because }) };
}

async function provision(scope: StepScope, live: boolean): Promise<EnvironmentView> {
  const { run, activities } = scope;
  const { state } = run;
  const { workspace, task } = state.input;
  const workflowId = environmentIdOf(workspace, task.id);
  const holder = { workflowId: state.workflowId, runId: state.firstRunId };
  const input: EnvironmentInput = {
    workspace,
    task: brief(task),
    change: { ...state.change },
    head: state.head!,
    generation: state.generation,
    holder,
    provisionSeconds: state.policy.provisionSeconds,
  };
  let asked = live && (await delivered(() => signalTo(workflowId).signal(buildSignal, input)));
  for (;;) {
    for (let wait = RETRY_MS.first; !asked; wait = Math.min(wait * 2, RETRY_MS.longest)) {
      asked = await begun(workflowId, input, scope);
      if (!asked) await sleep(wait, { summary: earlierEnvironmentTimer() });
    }
    const view = await pollUntilAnswered(
      () => run.mailbox.environment.reports,
      () => activities.environmentSettled({ workflowId, generation: input.generation, holder }),
    );
    // The workflow was about to end and missed the request: start a new one.
    if (view.generation >= input.generation) return view;
    asked = false;
  }
}

/** Starts the environment's own workflow. A running one is asked to build if it is ours; otherwise it is released first. */
async function begun(workflowId: string, input: EnvironmentInput, { activities }: StepScope): Promise<boolean> {
  if (await begin('environment', { workflowId, input, summary: environmentChild() })) return true;
  const there = await activities.lookAtEnvironment({ workflowId });
  if (!there) return false;
  if (there.holder.runId === input.holder.runId)
    return delivered(() => signalTo(workflowId).signal(buildSignal, input));
  await delivered(() => signalTo(workflowId).signal(releaseSignal, { holder: there.holder, because: newRunBegan() }));
  return false;
}

/** Requests its removal. Nobody has to wait: the environment's own workflow removes it. */
async function release({ run }: StepScope, reason: Text): Promise<void> {
  if (run.upgrade.leaving) return; // the next execution keeps it
  const { state } = run;
  const { environment } = state;
  const because = inWords(reason);
  if (state.generation === 0 || !environment || environment.status === 'gone') return;
  const holder = { workflowId: state.workflowId, runId: state.firstRunId };
  const workflowId = environmentIdOf(state.input.workspace, state.input.task.id);
  await CancellationScope.nonCancellable(() =>
    delivered(() => signalTo(workflowId).signal(releaseSignal, { holder, because })),
  );
  state.environment = { generation: state.generation, holder, status: 'gone', because };
}

/** Waits a short time for the environment to be gone, so that a run usually ends with nothing left behind. */
export async function gone({ run }: StepScope, ended: number, seconds: number): Promise<void> {
  await condition(() => run.mailbox.environment.ends > ended, seconds * 1_000, {
    summary: environmentGoneTimer(),
  });
}

const signalTo = (workflowId: string) => getExternalWorkflowHandle(workflowId);

/** Whether the other workflow was still there to receive it. */
async function delivered(send: () => Promise<void>): Promise<boolean> {
  try {
    await send();
    return true;
  } catch (failure) {
    if (isCancellation(failure)) throw failure;
    return false;
  }
}
