import { mkdir, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { recordAs } from '../files/reading.ts';
import { writeJson } from '../files/records.ts';
import { environmentFor } from '../processes/environment.ts';
import { MARK } from '../processes/groups.ts';
import type { AgentSettings } from '../settings/agent-settings.ts';
import type { Drive, ShownJob } from './driver/drive.ts';
import { launchingOf } from './launching.ts';
import { runLines } from './presets/running.ts';

/** How long the driver has to cancel its agent by the agent's own protocol, in milliseconds. */
const CANCEL_MS = 5_000;

export interface Trying {
  agent: AgentSettings;
  job: ShownJob;
  /** The checkout in which the agent works. */
  cwd: string;
  /** A folder of this job, outside of the checkout. */
  folder: string;
  /** The environment of the caller, with the agent's sign-in. */
  environment: NodeJS.ProcessEnv;
  prices: Drive['prices'];
  /** Aborted: the agent is cancelled, and ended. */
  signal: AbortSignal;
  /** Takes each line that the driver prints: what the agent says and does, and on standard error what went wrong. */
  line(text: string, stream: 'stdout' | 'stderr'): void;
}

const Usage = z.object({
  inputTokens: z.number().optional(),
  outputTokens: z.number().optional(),
  costCents: z.number().optional(),
});

/** The result file, as our driver writes it. */
const Result = z.object({
  summary: z.string().optional(),
  failed: z.string().optional(),
  notNow: z.object({ because: z.string(), until: z.string().optional() }).optional(),
  usage: Usage.optional(),
});

/** How the job ended. Without a result, the driver was cancelled or did not work. `usage` is missing if it is unknown. */
export type Tried = z.output<typeof Result>;

/**
 * Has an agent do a job by the driver that runs it in every job, while the caller waits. When it returns, nothing that the
 * agent started is left.
 */
export async function tryAgent(trying: Trying): Promise<Tried> {
  const { folder, signal } = trying;
  signal.throwIfAborted();
  const cwd = await realpath(trying.cwd);
  const files = {
    job: path.join(folder, 'job.json'),
    result: path.join(folder, 'result.json'),
    drive: path.join(folder, 'drive.json'),
    scratch: path.join(folder, 'scratch'),
    cancel: path.join(folder, 'cancel'),
  };
  await mkdir(folder, { recursive: true });
  await writeJson(files.job, trying.job);
  const { agent, prices } = trying;
  const { command, env, drive } = launchingOf({ agent, mode: 'write', cwd, secrets: {}, prices, files });
  if (drive) await writeJson(files.drive, { ...drive, attended: true } satisfies Drive);
  const own = { GATEHOUSE_JOB: files.job, GATEHOUSE_RESULT: files.result, ...env };
  await runToEnd({ ...trying, cwd, command, env: environmentFor(trying.environment, own), cancel: files.cancel });
  return (await recordAs(files.result, Result)) ?? {};
}

interface Running extends Pick<Trying, 'signal' | 'line'> {
  command: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** The file that cancels the driver. */
  cancel: string;
}

/**
 * Runs a command in a session of its own, so that a Ctrl-C reaches only us, and ends everything that it started. The driver is
 * cancelled first, and ended if that takes too long.
 */
async function runToEnd({ command, cwd, env, cancel, signal, line }: Running): Promise<void> {
  const late = new AbortController();
  const onAbort = () => {
    void writeFile(cancel, '').catch(() => undefined); // on a full disk, it is only ended
    setTimeout(() => late.abort(), CANCEL_MS).unref();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await runLines({
      ...{
        command: ['/bin/sh', '-c', command],
        cwd,
        env,
        mark: MARK,
        ownsFolder: true,
        attends: true,
        signal: late.signal,
      },
      line(text, stream) {
        line(text, stream);
        return false;
      },
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
