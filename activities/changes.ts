import picomatch from 'picomatch';
import type { Activities, ChangeReport, Job } from '../workflows/contracts/activities.ts';
import type { Change } from '../workflows/contracts/change.ts';
import { boundedForeign } from '../workflows/contracts/run/foreign.ts';
import type { Task } from '../workflows/contracts/pipeline-run.ts';
import { notYet } from './failures.ts';
import type { Forge, Ports } from './ports.ts';
import type { RateLimit } from './waiting/rate-limit.ts';

type Own = Pick<
  Activities,
  'lookAtChange' | 'changeMoved' | 'settledMergeability' | 'updateFromBase' | 'commitFiles' | 'protectedPaths' | 'merge'
>;

/** The activities about a run's branch and pull request. */
export const changeActivities = (
  { forge }: Pick<Ports, 'forge'>,
  { lookMs, pace }: { lookMs: number; pace: RateLimit },
): Own => ({
  lookAtChange: ({ change, known }) => lookAt(forge, change, known),

  async changeMoved({ change, known }) {
    const look = await lookAt(forge, change, known);
    if (look.state === 'open' && look.head === known && look.base === undefined) {
      const every = (await forge.pollEvery?.(change, lookMs)) ?? lookMs;
      throw notYet(`${change.branch} is still open at ${known?.slice(0, 8) ?? 'nothing'}`, pace(every));
    }
    return look;
  },

  async settledMergeability({ change, known }) {
    const [merges, look] = [await forge.mergeability(change), await lookAt(forge, change, known)];
    const { foreign, descends, state, mergeCommit, note, base } = look;
    const reported = { ...(mergeCommit && { mergeCommit }), ...(note && { note }), ...(base && { base }) };
    const seen = { foreign, state, ...(descends === false && { descends }), ...reported };
    switch (merges.is) {
      case 'unknown':
        // The forge computes it within seconds, and only because it was asked.
        throw notYet(
          `It is not known yet whether ${change.branch} merges: ${merges.because}`,
          Math.min(lookMs, SOON_MS),
        );
      case 'nothing':
        return { is: 'nothing', ...seen };
      default:
        if (look.state === 'open' && look.head !== merges.head) throw notYet(`${change.branch} is moving`, 100);
        return { ...merges, ...seen };
    }
  },

  async updateFromBase({ change, known }) {
    const update = await forge.updateFromBase(change);
    if (update.is === 'refused') return update;
    return { ...update, ...(await cameIn(forge, change, known)) };
  },

  async commitFiles({ change, known, files, message, task, pipeline }) {
    const report = await forge.commitFiles(change, { files, message: `${message}\n\nTask: ${task.id}` });
    if (report.is === 'refused') return report;
    const came = await cameIn(forge, change, known);
    if (report.is === 'unchanged') return { ...report, ...came };
    return { ...report, ...came, pullRequest: await pullRequestOf(forge, { change, task, pipeline }) };
  },

  async protectedPaths({ change, head, globs }) {
    const isProtected = picomatch(globs, { dot: true });
    return (await forge.changedPaths(change, head)).filter((path) => isProtected(path)).slice(0, 100);
  },

  async merge({ change, head, baseHead, task, commit, method, shown }) {
    const expected = { head, baseHead, message: messageOf(change, task) };
    const report = await forge.merge(change, { ...expected, ...(commit && { commit }), ...(method && { method }) });
    if (shown && report.is === 'waiting' && report.for === shown.for && report.because === shown.because) {
      throw notYet(report.because, lookMs);
    }
    return report;
  },
});

/** How soon a forge is asked again for what it is about to compute, in milliseconds. */
const SOON_MS = 3_000;

/** The state of the change, with no more foreign commits than a run is to carry. */
export async function lookAt(forge: Forge, change: Change, known: string | undefined): Promise<ChangeReport> {
  const look = await forge.look(change, known);
  return { ...look, foreign: boundedForeign(look.foreign) };
}

/** The foreign commits that came in, apart from our own update. */
async function cameIn(forge: Forge, change: Change, known: string | undefined) {
  const { foreign, descends } = await lookAt(forge, change, known);
  return { foreign, ...(descends === false && { descends }) };
}

/** The message of the merge commit. */
export const messageOf = ({ branch }: Pick<Job['change'], 'branch'>, { id, title }: Pick<Task, 'id' | 'title'>) =>
  `Merge ${branch}: ${title}\n\nTask: ${id}`;

/** The number of the change's pull request. A change with commits gets one, which is made once and found from then on. */
export async function pullRequestOf(
  forge: Forge,
  { change, task, pipeline }: Pick<Job, 'change' | 'task' | 'pipeline'>,
): Promise<number> {
  if (change.pullRequest !== undefined) return change.pullRequest;
  const body = [task.description, `Task ${task.id}, pipeline ${pipeline}.`].filter(Boolean).join('\n\n');
  return forge.ensurePullRequest(change, { title: `${task.id}: ${task.title}`, body });
}
