import { PASSING, type Failing } from '../../../../workflows/contracts/reports.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Checks, Forge } from '../../../ports.ts';
import type { ChangeKey, Hosted } from '../../git/publishing/change-store.ts';
import { settingsOf } from '../../settings/reading.ts';
import type { HostedCheck, HostedRepository } from '../api.ts';
import { PermissionMissing } from '../failures.ts';
import { atForge } from '../changes/pull-requests.ts';
import { keyOf, type Parts } from '../parts.ts';
import { bareHead } from './bare.ts';
import { judge, type Judged, type Required } from './judging.ts';
import type { CheckLogs } from './logs.ts';
import type { OurStatuses } from './our-statuses.ts';
import { rerunBefore, withReruns } from './reruns.ts';

interface WithChecks extends Parts {
  statuses: OurStatuses;
  logs: CheckLogs;
}

/**
 * The checks of a head: the forge's check runs and statuses, and the commands of `.gatehouse.yml`, which we run and report
 * as statuses.
 */
export async function readChecks(
  parts: WithChecks,
  before: Change,
  head: string,
  limits: Parameters<Forge['checks']>[2],
): Promise<Checks> {
  const { api, store, runs } = parts;
  const { repository, change } = await atForge(parts, before);
  const ours = await runs.look(change, head, limits);
  await parts.statuses.report(repository, head, ours);
  const theirs = await api.checks(repository, head);
  const key = await keyOf(parts, change);
  const { hosted = {} } = await store.read(key);
  const { ci } = await settingsOf(parts.workspace, change);
  const judged = judge({
    theirs,
    ours: [...ours.ended.map(({ name }) => name), ...ours.running],
    required: await requiredOf(parts, repository, change.base, hosted),
    wanted: ci?.required ?? [],
    ignored: ci?.ignore ?? [],
    again: rerunBefore(hosted.rerun, head, Date.now()),
  });
  if (judged.rerun.length > 0) await rerun(parts, { repository, head, key }, judged.rerun);

  const isRed = [...judged.ended, ...ours.ended].some(({ conclusion }) => !PASSING.has(conclusion));
  const held = isRed ? [] : await api.heldRuns(repository, head);
  const bare = theirs.length === 0 && !isRed && held.length === 0;
  return {
    ended: [...(await withLogs(parts, repository, judged)), ...apart(ours.ended, theirs)],
    running: [...new Set([...judged.running, ...held.map(({ name }) => name), ...ours.running])],
    none: false,
    ...(ours.running.length > 0 && { ours: true }),
    ...(held.length > 0 && { held }),
    ...(bare && (await bareHead(parts, { repository, change, head, ours: ours.ended.length + ours.running.length }))),
  };
}

/** The checks that the forge requires on this branch. Without a right to read its rules: those that it has named itself. */
async function requiredOf(
  { lookup }: Parts,
  repository: HostedRepository,
  base: string,
  { demanded = [] }: Hosted,
): Promise<Required[]> {
  const { required = [] } = (await lookup.branch(repository, base)) ?? {};
  return [...required, ...demanded.map((name) => ({ name }))];
}

/** Has cancelled checks run again, once. It is recorded first, so that a crash does not repeat it. */
async function rerun(
  { api, store }: Parts,
  { repository, head, key }: { repository: HostedRepository; head: string; key: ChangeKey },
  checks: HostedCheck[],
): Promise<void> {
  const record = (begun: readonly string[]) =>
    store.change(key, (each) => ({
      ...each,
      hosted: {
        ...each.hosted,
        rerun: withReruns(without(each.hosted, checks), head, { checks, begun, now: Date.now() }),
      },
    }));
  await record(checks.map(({ name }) => name));
  const begun = await api.rerun(repository, head, checks).catch((failure: unknown) => {
    if (failure instanceof PermissionMissing) return [] as string[]; // then they stay as they are, and count as red
    throw failure;
  });
  if (checks.some(({ name }) => !begun.includes(name))) await record(begun);
}

const without = (hosted: Hosted | undefined, checks: readonly HostedCheck[]): Hosted['rerun'] =>
  hosted?.rerun && {
    head: hosted.rerun.head,
    checks: hosted.rerun.checks.filter(({ id }) => !checks.some(({ from }) => from.id === id)),
  };

/** Adds the end of the log to each red check, for the agent that mends it. */
const withLogs = ({ logs }: WithChecks, repository: HostedRepository, { ended }: Judged): Promise<Failing[]> =>
  Promise.all(
    ended.map(async ({ check, ...failing }) => {
      const log = PASSING.has(failing.conclusion) ? undefined : await logs.of(repository, check);
      return { ...failing, ...(log !== undefined && { log }) };
    }),
  );

/** Our own checks, under the names of their statuses where the forge has another check of that name. */
const apart = (ours: readonly Failing[], theirs: readonly HostedCheck[]): Failing[] =>
  ours.map((each) =>
    theirs.some(({ name }) => name === each.name) ? { ...each, name: `gatehouse/${each.name}` } : each,
  );
