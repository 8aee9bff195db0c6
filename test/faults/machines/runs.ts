import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Refused, Unreachable, LiveRun } from '../../../client/errors.ts';
import { Runs } from '../../../client/runs.ts';
import { isGone, isTimeout } from '../../../client/timeouts.ts';
import type { ActionName } from '../../../workflows/contracts/messages.ts';
import { environmentIdOf, runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import type { Ack } from '../judge/invariants.ts';
import type { Stage } from '../stage.ts';
import { makeReporting } from './repository.ts';

const STEPS = ['coder', 'human-test', 'conflicts', 'ci', 'merger'].map((kind) => ({ kind }));

/** A run with a repository of its own, and a person who confirms it. */
export interface Played {
  task: string;
  repository: string;
  acks: Ack[];
  /** When it and its environment had ended. Undefined if they have not. */
  closedAt: number | undefined;
}

/** Plays one run until it has ended, or `over` is aborted. */
export async function playRun(stage: Stage, queue: string, over: AbortSignal): Promise<Played> {
  const runs = new Runs(stage.client, queue);
  const place = await stage.newLocalTask(makeReporting);
  const workflowId = runIdOf('default', place.task);
  const acks: Ack[] = [];
  await insisting(() =>
    runs.start({
      task: { id: place.task, title: 'Plays on machines that fail' },
      change: { repository: place.repository },
      pipeline: { steps: STEPS },
    }),
  );
  while (!over.aborted) {
    const seen = await Promise.all([workflowId, environmentIdOf('default', place.task)].map((id) => lookAt(stage, id)));
    if (seen.every((phase) => phase === 'closed')) return { ...place, acks, closedAt: Date.now() };
    if (seen[0] === 'human-test:parked') await act(runs, workflowId, acks);
    await pause(1_000);
  }
  return { ...place, acks, closedAt: undefined };
}

/** Confirms the change, or has its environment made anew if that is lost. */
async function act(runs: Runs, workflowId: string, acks: Ack[]): Promise<void> {
  for (const action of ['confirm', 'recreateEnvironment'] satisfies ActionName[]) {
    const actionId = randomUUID();
    try {
      const { is } = await runs.act(workflowId, action, { actionId, by: 'ana' });
      acks.push({ actionId, action, is });
      return;
    } catch (failure) {
      if (!(failure instanceof Refused)) return; // nobody answers now
      acks.push({ actionId, action, is: 'refused', code: failure.code });
    }
  }
}

async function lookAt({ client }: Stage, id: string): Promise<string> {
  try {
    const { status, searchAttributes } = await client.workflow.getHandle(id).describe();
    return status.name === 'RUNNING' ? String(searchAttributes['GatehousePhase']?.[0] ?? '') : 'closed';
  } catch (failure) {
    return isGone(failure) ? 'closed' : '';
  }
}

async function insisting(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      return void (await work());
    } catch (failure) {
      if (failure instanceof LiveRun) return;
      if (!(failure instanceof Unreachable || isTimeout(failure))) throw failure;
      await pause(500);
    }
  }
}
