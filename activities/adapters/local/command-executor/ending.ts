import path from 'node:path';
import type { Job, JobReport } from '../../../../workflows/contracts/activities.ts';
import { foldersOf, safeName } from '../../files/folders.ts';
import type { Repositories } from '../../git/publishing/repositories.ts';
import type { Begun } from '../../git/settling/checkout.ts';
import { discarded, keepCommits, settle, type Settling } from '../../git/settling/settling.ts';
import { tailOf } from '../../processes/logs.ts';
import type { ProcessState } from '../../processes/processes.ts';
import { plain } from '../../processes/text.ts';
import type { Made } from './job-rows.ts';
import { LOST } from './leavings.ts';
import { EX_TEMPFAIL, lastPrinted, readNotNow } from './not-now.ts';
import {
  PRINTED_CHARACTERS,
  readFailure,
  readResult,
  readResultFile,
  type AgentResult,
  type ResultFile,
} from './result.ts';

const DETAIL_CHARACTERS = 2_000;

/** The folders of a job that has ended, and the commits on which it began. */
export interface Ended {
  job: Job;
  begun: Begun;
  folder: string;
  tree: string;
  run: string;
  result: string;
  /**
   * Throws if a later attempt owns the job. An attempt that was frozen for longer than its lease no longer has it, so it checks this before it records or publishes anything.
   */
  still: () => Promise<void>;
  /** What settling has made already, and a call that records it. */
  made: Made | undefined;
  record(made: Made): Promise<void>;
}

/** Makes the report of a job that has ended, and publishes the commits of a writing job. */
export class Ending {
  constructor(
    private readonly root: string,
    private readonly repositories: Repositories,
  ) {}

  /** The report of a job whose process is over. Throws only transient failures. */
  async of(ended: Ended, state: ProcessState, signal: AbortSignal): Promise<JobReport> {
    const { job, begun, run } = ended;
    if (state.is === 'vanished' && state.fenced) return LOST;
    const file = await readResultFile(ended.result);
    const notNow = await notNowOf(ended, state, file);
    if (notNow) return 'broken' in notNow ? this.failed(ended, notNow.broken, signal) : notNow;
    const killed = state.is !== 'exited' || (state.code > 128 && state.code < 160);
    if (killed && 'text' in file && file.text === undefined) {
      const how = state.is === 'exited' ? `a signal (exit code ${state.code})` : 'something outside of gatehouse';
      const because = `Its process was ended by ${how}, without a result.`;
      return { is: 'evicted', because: await this.andKept(ended, because, signal), infrastructure: false };
    }
    if (state.is !== 'exited' || state.code !== 0) {
      const code = state.is === 'exited' ? `exit code ${state.code}` : 'no exit code';
      const { failed, usage } = readFailure(file);
      const report = await this.failed(ended, failed ?? `${job.role} ended with ${code}.`, signal);
      return report.is === 'failed' && usage ? { ...report, usage } : report;
    }
    const read = begun.merging?.clean
      ? { result: { summary: 'The base merged cleanly: there was nothing to resolve.' } }
      : 'broken' in file
        ? file
        : readResult(file.text, await tailOf(run, 'stdout', PRINTED_CHARACTERS), { answers: job.mode === 'read' });
    if ('broken' in read) return this.failed(ended, read.broken, signal);
    return job.mode === 'read' ? this.read(ended, read.result, signal) : this.handBack(ended, read.result, signal);
  }

  /** A failed attempt. Commits of a writing job are kept. */
  async failed(ended: Ended, because: string, signal: AbortSignal): Promise<JobReport> {
    return { is: 'failed', because: await this.andKept(ended, because, signal), ...(await detailOf(ended.run)) };
  }

  private async andKept(ended: Ended, because: string, signal: AbortSignal): Promise<string> {
    if (ended.job.mode === 'read') return because;
    const settling = await this.settlingOf(ended, signal).catch(() => undefined);
    return [because, ...(settling ? await keepCommits(settling) : [])].join(' ');
  }

  /** Discards the changes of a reading job. */
  private async read(ended: Ended, result: AgentResult, signal: AbortSignal): Promise<JobReport> {
    const thrown = await discarded(await this.settlingOf(ended, signal));
    const now = await this.headNow(ended.job);
    return { ...saidOf(result), changed: false, ...now, ...(thrown.length > 0 && { discarded: thrown }) };
  }

  /** Publishes the work of a writing job. The job is settled once, however often publishing is retried. */
  private async handBack(ended: Ended, result: AgentResult, signal: AbortSignal): Promise<JobReport> {
    const { job, begun } = ended;
    const said = saidOf(result);
    let { made } = ended;
    if (!made) {
      const subject = `${job.role}: ${job.task.id} ${job.task.title}`;
      const message = await this.repositories.signed(job.change, subject);
      const settled = await settle(await this.settlingOf(ended, signal), message);
      if (settled.is === 'refused') {
        return { is: 'failed', because: [settled.because, ...settled.notes].join(' '), usage: said.usage };
      }
      made = { notes: settled.notes, ...(settled.is === 'made' && { commit: settled.commit }) };
      await ended.still();
      await ended.record(made);
    }
    const summary = [said.summary, made.notes.join(' ')].filter(Boolean).join('\n\n');
    if (made.commit === undefined) return { ...said, summary, changed: false, ...(await this.headNow(job)) };

    await ended.still();
    const end = await this.repositories.publish(job.change, made.commit, begun.before);
    if (end.is === 'refused') return { is: 'failed', because: end.because, usage: said.usage };
    return { ...said, summary, changed: true, ...(await this.headNow(job)) };
  }

  private async settlingOf({ job, begun, tree, folder }: Ended, signal: AbortSignal): Promise<Settling> {
    const copy = { gitDir: await this.repositories.fetch(job.change.repository) };
    const keep = { folder: foldersOf(this.root).bundles, name: safeName(job.key) };
    return { tree, begun, copy, keep, signal, scratch: path.join(folder, 'settling.git') };
  }

  private async headNow({ change }: Job) {
    const head = await this.repositories.headOf(change.repository, change.branch);
    if (head === undefined) return { foreign: [] };
    return { head, foreign: await this.repositories.foreignSince(change, change.head, head) };
  }
}

/** The reason why a running job must be stopped. Undefined if it may continue. */
export function overdue({ seconds, silenceSeconds, role }: Job, state: Extract<ProcessState, { is: 'running' }>) {
  const now = Date.now();
  if (now - state.since > seconds * 1_000) return `${role} was stopped after ${seconds} s, its time limit.`;
  if (now - state.lastOutputAt > silenceSeconds * 1_000) {
    return `${role} was stopped after ${silenceSeconds} s without output.`;
  }
  return undefined;
}

function saidOf({ summary, output, decision, confidence, usage, cut }: AgentResult) {
  return {
    is: 'completed' as const,
    summary,
    ...(output !== undefined && { output }),
    ...(decision && { decision }),
    ...(confidence !== undefined && { confidence }),
    ...(usage && { usage }),
    ...(cut && { cut }),
  };
}

/** Whether the agent could not work now. Then nothing that it did is kept. */
async function notNowOf({ run }: Ended, state: ProcessState, file: ResultFile) {
  const said = 'text' in file && file.text !== undefined ? readNotNow(file.text) : undefined;
  if (said && 'broken' in said) return said;
  if (said?.because !== undefined) return { is: 'notNow' as const, ...said, because: said.because };
  if (state.is !== 'exited' || state.code !== EX_TEMPFAIL) return undefined;
  const because = lastPrinted(
    await tailOf(run, 'stdout', DETAIL_CHARACTERS),
    await tailOf(run, 'stderr', DETAIL_CHARACTERS),
  );
  return { is: 'notNow' as const, because: because || `It ended with exit code ${EX_TEMPFAIL}.`, ...said };
}

async function detailOf(run: string): Promise<{ detail?: string }> {
  const detail = plain(await tailOf(run, 'stderr', DETAIL_CHARACTERS)).trim();
  return detail ? { detail } : {};
}
