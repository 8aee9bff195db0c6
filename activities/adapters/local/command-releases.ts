import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Signal } from '../../../workflows/contracts/activities.ts';
import type { Change } from '../../../workflows/contracts/change.ts';
import type { Releases } from '../../ports.ts';
import { foldersOf, safeName } from '../files/folders.ts';
import { exclusivelyIn } from '../processes/exclusive.ts';
import { tailOf } from '../processes/logs.ts';
import { end, launch, stateOf } from '../processes/processes.ts';
import { settingsOf } from '../settings/reading.ts';
import { isolationIn, type InCheckouts } from './opening.ts';

/** Limits of one reading: its time in milliseconds, the characters of its output, and the number of its signals. */
const MOST_MS = 60_000;
const PRINTED_CHARACTERS = 200_000;
const SIGNALS = 200;
const GRACE_MS = 1_000;

/** The output of the `release:` command. */
const Reading = z.object({
  signals: z
    .array(
      z.object({
        id: z.string().min(1).max(200),
        state: z.enum(['ok', 'warn', 'alert', 'no_data']),
        name: z.string().max(200).optional(),
        detail: z.string().max(2_000).optional(),
        since: z.iso.datetime({ offset: true }).optional(),
      }),
    )
    .max(SIGNALS),
});

/** Reads a release's signals by running the base branch's command in a checkout of the merge commit. */
export const commandReleases = ({ root, repositories, state, ...options }: InCheckouts): Releases => {
  const exclusively = exclusivelyIn(root, state);
  const isolation = isolationIn(options);
  const commandOf = async (change: Change) => (await settingsOf(repositories, change)).release?.command;

  const home = foldersOf(root).releases;
  const stopping = new AbortController();
  const looking = new Set<Promise<unknown>>();
  /** Messages about readings whose processes could not be ended. */
  const left = new Set<string>();

  /** Runs one reading at a time per release, in a separate folder. */
  const within = <T>(folder: string, work: () => Promise<T>): Promise<T> =>
    exclusively(`release ${path.basename(folder)}`, async () => {
      // Before the next reading, ends and removes everything that a killed worker left.
      await ended(folder);
      try {
        return await work();
      } finally {
        await ended(folder).catch((failure: Error) => {
          left.add(failure.message);
          throw failure;
        });
      }
    });
  const read = async (folder: string, change: Change, mergeCommit: string, command: string): Promise<Signal[]> => {
    const [tree, run] = [path.join(folder, 'tree'), path.join(folder, 'run')];
    await repositories.checkout(change.repository, mergeCommit, tree, { base: change.base });
    const use = {
      repository: change.repository,
      kind: 'check',
      cwd: tree,
      folder: path.join(folder, 'isolation'),
    } as const;
    const start = await isolation.start({ ...use, command, env: { GATEHOUSE_MERGE_COMMIT: mergeCommit } });
    await launch(run, { ...start, cwd: tree });
    return readingOf(run, stopping.signal);
  };
  void sweep(home, within);

  return {
    examine: async (change) => ({ configured: (await commandOf(change)) !== undefined }),

    async look(change, mergeCommit) {
      const command = await commandOf(change);
      if (command === undefined) return [];
      const folder = path.join(home, safeName(`${change.repository} ${mergeCommit}`));
      const look = within(folder, () => read(folder, change, mergeCommit, command));
      looking.add(look);
      return look.finally(() => looking.delete(look));
    },

    async close() {
      stopping.abort();
      await Promise.allSettled(looking);
      if (left.size > 0) throw new Error([...left].join('\n'));
    },
  };
};

/** Cleans up after a watch that ended while no worker was running, because no later reading would. */
async function sweep(
  home: string,
  within: (folder: string, work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const names = await readdir(home).catch((): string[] => []);
  for (const name of names.filter((each) => !each.endsWith('.lock'))) {
    await within(path.join(home, name), async () => undefined).catch(() => undefined);
  }
}

async function ended(folder: string): Promise<void> {
  await end(path.join(folder, 'run'), { graceMs: GRACE_MS });
  await rm(folder, { recursive: true, force: true });
}

async function readingOf(run: string, stopping: AbortSignal): Promise<Signal[]> {
  for (const until = Date.now() + MOST_MS; Date.now() < until;) {
    const state = await stateOf(run);
    if (state.is === 'exited' && state.code === 0) return parse(await tailOf(run, 'stdout', PRINTED_CHARACTERS));
    if (state.is !== 'running') {
      const said = (await tailOf(run, 'stderr', 500)).trim();
      throw new Error(`The release command ended ${state.is === 'exited' ? `with ${state.code}` : 'early'}: ${said}`);
    }
    if (stopping.aborted) throw new Error('This worker is stopping: the next one reads the release.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`The release command took more than ${MOST_MS / 1_000} seconds.`);
}

function parse(printed: string): Signal[] {
  try {
    return Reading.parse(JSON.parse(printed)).signals;
  } catch (failure) {
    const why = failure instanceof z.ZodError ? z.prettifyError(failure) : (failure as Error).message;
    throw new Error(`The release command printed no { "signals": [{ "id", "state" }] }: ${why.slice(0, 500)}`);
  }
}
