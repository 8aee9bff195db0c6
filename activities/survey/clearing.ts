import { ApplicationFailure, sleep } from '@temporalio/activity';
import type { Notice } from '../../workflows/contracts/notices.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import type { Orphan } from '../../workflows/contracts/survey.ts';
import { noticeKey } from '../notices.ts';
import type { Ports } from '../ports.ts';
import { concurrently } from './concurrently.ts';
import { RunStatuses } from './run-statuses.ts';
import type { Server } from './server.ts';

const BECAUSE = 'Its run is gone.';

/** How often, and how long in total, an environment that is shutting down is polled, in milliseconds. */
const GONE_POLL_MS = 500;
const GONE_MS = 60_000;

type Clearing = Pick<Ports, 'executor' | 'environments' | 'forge' | 'rows'>;

/**
 * Clears one orphan away if the server confirms that its run is gone, and then checks that nothing is left. Everything is
 * identified by key and owner, so doing it twice, or for something that is already gone, changes nothing.
 */
export async function clear(server: Server, ports: Clearing, leftover: Orphan): Promise<void> {
  const { holder, key } = leftover;
  const status = await new RunStatuses(server, new Map(), ports.rows).of(holder);
  if (status.is !== 'gone') {
    const why = status.is === 'live' ? 'lives' : 'is not known to this server';
    throw ApplicationFailure.nonRetryable(`${holder.workflowId} ${why}: ${key} is left as it is.`, 'RunLives');
  }
  await removed(server, ports, leftover);
  if (await isThere(server, ports, leftover)) throw new Error(`${key} was cleared away but still exists.`);
}

async function removed(server: Server, ports: Clearing, { kind, key, holder, change }: Orphan): Promise<void> {
  switch (kind) {
    case 'job':
      return void (await ports.executor.stop(key, BECAUSE));
    case 'checks':
      // Only the checks of the dead owner are ended. The branch's present owner is responsible for its own.
      return (await branchOf(ports, { change, holder })) && ports.forge.endChecks(change!);
    case 'claim':
      return ports.forge.release(change!, holder);
    case 'environment':
      return askedToGo(server, { key, holder });
    case 'site':
      return ports.environments.remove(key);
  }
}

async function isThere(server: Server, ports: Clearing, { kind, key, holder, change }: Orphan): Promise<boolean> {
  switch (kind) {
    case 'job':
      return (await ports.executor.list()).some((job) => job.key === key);
    case 'checks':
      return ((await branchOf(ports, { change, holder }))?.checks ?? 0) > 0;
    case 'claim':
      return (await branchOf(ports, { change, holder })) !== undefined;
    case 'environment':
      return (await server.describe(key))?.status === 'RUNNING' && (await isOwnedBy(server, key, holder.runId));
    case 'site':
      return (await ports.environments.look(key)).is !== 'gone';
  }
}

/** The branch, if this owner still has it. */
async function branchOf({ forge }: Clearing, { change, holder }: Pick<Orphan, 'change' | 'holder'>) {
  return (await forge.list()).find(
    (each) =>
      each.repository === change!.repository && each.branch === change!.branch && each.holder.runId === holder.runId,
  );
}

/** Asks an environment's workflow to shut it down, as its owner would have done, and waits. */
async function askedToGo(server: Server, { key, holder }: Pick<Orphan, 'key' | 'holder'>): Promise<void> {
  if ((await server.describe(key))?.status !== 'RUNNING') return;
  await server.release(key, holder, BECAUSE);
  for (const until = Date.now() + GONE_MS; Date.now() < until;) {
    if ((await server.describe(key))?.status !== 'RUNNING') return;
    await sleep(GONE_POLL_MS);
  }
  throw new Error(`${key} was asked to shut down, and has not ended after ${GONE_MS / 1_000} s.`);
}

/** Whether the environment still has this owner. A new one of the same task may have taken its place. */
const isOwnedBy = async (server: Server, key: string, runId: string) =>
  (await server.environment(key)).holder.runId === runId;

/** Delivers kept notices now, and sends a notice for each of these runs that is still parked. */
export async function retell(server: Server, { notifier }: Pick<Ports, 'notifier'>, ids: string[]): Promise<void> {
  await notifier.retell();
  await concurrently(ids, async (workflowId) => {
    const { task, current, notices, waitingOn } = await server.run(workflowId);
    if (current?.visit === undefined) return;
    const reported = notices.find(({ visit }) => visit === current.visit) ?? reminder(current.visit, waitingOn);
    await notifier.deliver({ key: noticeKey({ workflowId, notice: reported }), workflowId, task, notice: reported });
  });
}

/** The notice for a run that has none of its own. It is always the same for one visit. */
const reminder = (visit: string, { since, detail }: RunAnswer['waitingOn']): Notice => ({
  id: `${visit}/doctor_found`,
  type: 'doctor_found',
  severity: 'normal',
  at: since,
  visit,
  text: `It waits for a person, and nobody was notified: ${detail}`,
});
