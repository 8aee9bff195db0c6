import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Unavailable } from '../../../workflows/contracts/activities.ts';
import type { AgentUnavailable } from '../../ports.ts';
import { createFile } from '../files/disk.ts';
import { foldersOf, hashOf } from '../files/folders.ts';
import { recordAs } from '../files/reading.ts';
import { writeJson } from '../files/records.ts';
import type { Exclusively } from '../processes/exclusive.ts';

const MINUTE_MS = 60_000;
/** When an agent is tried again, after the first refusal, the second, and so on, in minutes. The last one is repeated. */
const AFTER_MINUTES = [1, 2, 4, 8, 16, 30];
/** How often in a row an agent may name a time and then refuse, before it is tried less and less often all the same. */
const TIMES_TRUSTED = 3;
/** How long a job that may try the agent has until it is sent, in milliseconds. Its run may be paused: then another one tries. */
const CLAIM_MS = 30_000;

/** What jobs have in common that wait together: the program, and everything that decides as whom it is signed in. */
export interface AgentIdentity {
  program: string;
  /** The names of its secrets. */
  secrets: readonly string[];
  env: Readonly<Record<string, string>>;
  home: string | undefined;
}

export const identityOf = ({ program, secrets, env, home }: AgentIdentity): string => {
  const named = Object.entries(env).sort(([one], [other]) => (one < other ? -1 : 1));
  return hashOf(JSON.stringify([program, [...secrets].sort(), named, home ?? '']));
};

/** What an agent said when it refused a job. `program` names the agent for people. */
interface Refused {
  because: string;
  until?: string | undefined;
  program?: string | undefined;
}

/** How the job fares that tries an agent. `gone`: it was stopped, killed or interrupted, so another one tries. */
export type Trial = 'unsent' | 'at-work' | 'available' | 'gone';

/** An agent that is not available. Times are ISO 8601. */
const Entry = z.object({
  because: z.string(),
  since: z.string(),
  /** How often it was tried, and refused, in a row. */
  tries: z.number().int().min(1),
  next: z.string(),
  /** The key of the job that was refused last. Refusing it again changes nothing. */
  refused: z.string(),
  /** The agent's program, for people. Entries of older versions lack it. */
  program: z.string().optional(),
  /** The job that may try it, and since when. */
  trial: z.object({ key: z.string(), at: z.string() }).optional(),
});
type Entry = z.output<typeof Entry>;

/**
 * The agents that cannot work now, one file for each identity, for all runs and workers of this data folder. One job tries
 * an agent when its time has come. It is available again once that job has an answer of the model, or has ended by itself.
 */
export class Availability {
  private readonly folder;

  /** `trialOf` reports on the job with this key, from what is on disk: its worker may be dead. */
  constructor(
    root: string,
    private readonly exclusively: Exclusively,
    private readonly trialOf: (key: string) => Promise<Trial>,
  ) {
    this.folder = foldersOf(root).unavailable;
  }

  /** Whether no agent is unavailable. */
  async isQuiet(): Promise<boolean> {
    const names = await readdir(this.folder).catch((): string[] => []);
    return !names.some((name) => name.endsWith('.json'));
  }

  /** Why a new job must wait. Undefined if it may begin: the agent is available, or this job is the one that tries it. */
  async ask(identity: string, key: string): Promise<AgentUnavailable | undefined> {
    const judged = await this.judged(identity, key);
    if (judged?.is !== 'held') return judged && this.locked(identity, () => this.claim(identity, key));
    return judged.unavailable;
  }

  /**
   * Records that an agent has refused a job, and returns when it is tried next. `until` is the time that the agent named: a
   * past one does not count.
   */
  refuse(identity: string, key: string, said: Refused): Promise<Unavailable> {
    return this.locked(identity, async () => {
      const before = await this.current(identity);
      if (before?.refused === key) return shown(before);
      const entry = refusedEntry(before, key, said, Date.now());
      await writeJson(this.fileOf(identity), entry);
      return shown(entry);
    });
  }

  /** Records that an agent is available, so that all jobs go on. */
  answered(identity: string): Promise<void> {
    return this.locked(identity, () => rm(this.fileOf(identity), { force: true }));
  }

  private async claim(identity: string, key: string): Promise<AgentUnavailable | undefined> {
    const judged = await this.judged(identity, key);
    if (judged?.is === 'held') return judged.unavailable;
    if (judged?.is === 'available') await rm(this.fileOf(identity), { force: true });
    if (judged?.is !== 'due') return undefined;
    await writeJson(this.fileOf(identity), { ...judged.entry, trial: { key, at: iso(Date.now()) } });
    return undefined;
  }

  private async judged(identity: string, key: string) {
    const entry = await recordAs(this.fileOf(identity), Entry);
    if (!entry) return undefined;
    const { trial } = entry;
    const state = trial && (await this.trialOf(trial.key));
    if (state === 'available') return { is: 'available' as const };
    if (trial?.key === key) return { is: 'due' as const, entry };
    const tried = state === 'at-work' || (state === 'unsent' && isFresh(trial!.at));
    if (!tried && Date.now() >= Date.parse(entry.next)) return { is: 'due' as const, entry };
    return { is: 'held' as const, unavailable: { ...shown(entry), ...(tried && { tried: trial!.key }) } };
  }

  /** The entry with the job that tries the agent, if that still does. None if that has found it available meanwhile. */
  private async current(identity: string): Promise<Entry | undefined> {
    const entry = await recordAs(this.fileOf(identity), Entry);
    if (!entry?.trial) return entry;
    const state = await this.trialOf(entry.trial.key);
    if (state === 'available') return undefined;
    return state === 'gone' ? { ...entry, trial: undefined } : entry;
  }

  private locked<T>(identity: string, work: () => Promise<T>): Promise<T> {
    return this.exclusively(`agent ${identity}`, work);
  }

  private fileOf = (identity: string): string => path.join(this.folder, `${identity}.json`);
}

/** An agent that is not available. Times are ISO 8601. */
export interface UnavailableAgent {
  because: string;
  since: string;
  /** When it is tried next. */
  until: string;
  /** A preset or a command. Undefined in entries of older versions. */
  program?: string | undefined;
  /** How often it was tried, and refused, in a row. */
  tries: number;
  /** The file with what is known of it. Without it, jobs begin at once. */
  file: string;
}

/** The agents that could not work when they were tried last, by this data folder. It is only read. */
export async function unavailableAgents(root: string): Promise<UnavailableAgent[]> {
  const { unavailable: folder } = foldersOf(root);
  const names = (await readdir(folder).catch((): string[] => [])).filter((name) => name.endsWith('.json')).sort();
  const read = names.map(async (name): Promise<UnavailableAgent[]> => {
    const file = path.join(folder, name);
    const entry = await recordAs(file, Entry);
    if (!entry) return [];
    const { because, since, next, program, tries } = entry;
    return [{ because, since, until: next, program, tries, file }];
  });
  return (await Promise.all(read)).flat();
}

const shown = ({ because, next, since }: Entry): Unavailable => ({ because, until: next, since });

function isFresh(at: string): boolean {
  const age = Date.now() - Date.parse(at);
  return age >= 0 && age < CLAIM_MS;
}

/**
 * The job that tried the agent counts as another try. Others began before: they only correct what is known, unless the next
 * try is due already.
 */
function refusedEntry(
  before: Entry | undefined,
  key: string,
  { because, until, program }: Refused,
  now: number,
): Entry {
  const named = until !== undefined && Date.parse(until) > now ? Date.parse(until) : undefined;
  const isTry = before?.trial ? before.trial.key === key : !before || Date.parse(before.next) <= now;
  if (before && !isTry) {
    return { ...before, because, refused: key, ...(named !== undefined && { next: iso(named) }) };
  }
  const tries = (before?.tries ?? 0) + 1;
  const since = before?.since ?? iso(now);
  return {
    because,
    since,
    tries,
    next: iso(nextTry(tries, named, now)),
    refused: key,
    ...(program !== undefined && { program }),
  };
}

function nextTry(tries: number, named: number | undefined, now: number): number {
  if (named === undefined) return now + delayMs(tries);
  return tries <= TIMES_TRUSTED ? named : Math.max(named, now + delayMs(tries - TIMES_TRUSTED));
}

const delayMs = (tries: number): number => AFTER_MINUTES[Math.min(tries, AFTER_MINUTES.length) - 1]! * MINUTE_MS;
const iso = (time: number): string => new Date(time).toISOString();

/** Names the file that a job writes when the model has answered. */
export const ANSWERED = 'GATEHOUSE_ANSWERED';

/** Called by a job of ours, in its own process, when the model has answered: the agent is available, and others may begin. */
export async function modelAnswered(environment: NodeJS.ProcessEnv): Promise<void> {
  const file = environment[ANSWERED];
  if (file) await markAnswered(file);
}

/** Follows no link: the agent may write into this folder. */
export async function markAnswered(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await createFile(file, '').catch((failure: NodeJS.ErrnoException) => {
    if (failure.code !== 'EEXIST') throw failure;
  });
}
