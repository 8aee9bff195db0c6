import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tryAgent, type Tried, type Trying } from '../../activities/adapters/agents/trying.ts';
import { found } from '../../workflows/contracts/bad-fields.ts';
import { makeScratchRepository } from '../local-stack/sample.ts';

const FILE = 'hello.txt';
const TEXT = 'hello from gatehouse';
const BRANCH = 'gatehouse/TRY-1';

const TASK = {
  role: 'coder',
  task: { id: 'TRY-1', title: 'Say hello' },
  brief: `Create the file ${FILE} with exactly this line: ${TEXT}\nThen say in one line that you have created it.`,
  priorOutputs: [],
};

interface Options extends Pick<Trying, 'agent' | 'environment' | 'prices' | 'line'> {
  /** The time limit, in seconds. */
  seconds: number;
  /** Aborts when the user stops the command. */
  stop: AbortSignal;
}

export interface Attempt {
  done: boolean;
  /** Why the task was not done. */
  because?: string;
  /** The agent cannot work now. `until`: when it says that it can again, in ISO 8601. */
  notNow?: true;
  until?: string;
  /** What the agent said last. */
  summary?: string;
  usage?: Tried['usage'];
  tookSeconds: number;
}

/** Has an agent do a task of two lines in a scratch repository, and checks what it made. Nothing is left behind. */
export async function attempt({ seconds, stop, ...options }: Options): Promise<Attempt> {
  const home = await mkdtemp(path.join(options.environment['TMPDIR'] || tmpdir(), 'gatehouse-try-'));
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), seconds * 1_000);
  const began = Date.now();
  try {
    const repository = path.join(home, 'scratch');
    await makeScratchRepository(repository, BRANCH);
    const tried = await tryAgent({
      ...options,
      job: { ...TASK, change: { repository, base: 'main', branch: BRANCH } },
      cwd: repository,
      folder: path.join(home, 'job'),
      signal: AbortSignal.any([stop, limit.signal]),
    }).catch((failure: unknown): Tried => {
      if (stop.aborted) return {};
      throw failure;
    });
    const made = await readFile(path.join(repository, FILE), 'utf8').catch(() => undefined);
    const { usage, summary } = tried;
    return {
      ...(stop.aborted
        ? { done: false, because: 'it was stopped' }
        : limit.signal.aborted
          ? { done: false, because: `it had not ended after ${seconds} s, and was stopped` }
          : judged(tried, made)),
      ...(summary !== undefined && { summary }),
      ...(usage && { usage }),
      tookSeconds: Math.round((Date.now() - began) / 100) / 10,
    };
  } finally {
    clearTimeout(timer);
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

type Judged = Pick<Attempt, 'done' | 'because' | 'notNow' | 'until'>;

/** Whether the task was done, by what the agent reported and by the file that it was to make. */
export function judged({ summary, failed, notNow }: Tried, made: string | undefined): Judged {
  if (notNow) {
    const { because, until } = notNow;
    return { done: false, because: `it cannot work now. ${because}`, notNow: true, ...(until && { until }) };
  }
  if (failed !== undefined) return { done: false, because: failed };
  if (summary === undefined) return { done: false, because: 'it ended without a result' };
  if (made === undefined) return { done: false, because: `it ended, but there is no ${FILE}` };
  if (made.trim() !== TEXT)
    return { done: false, because: `${FILE} should contain ${found(TEXT)}, found ${found(made)}` };
  return summary.trim() === '' ? { done: false, because: `it made ${FILE}, but said nothing` } : { done: true };
}
