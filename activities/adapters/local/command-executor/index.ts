import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { BadField, Job, JobReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Executor, JobLook } from '../../../ports.ts';
import { foldersOf, readJson, readText, safeName, withLock, writeJson, type Local } from '../folders.ts';
import { end, endAll, environmentFor, launch, stateOf, tailOf, type ProcessState } from '../processes.ts';
import { Publishing } from '../publishing.ts';
import { Records } from '../records.ts';
import { Workshop } from '../workshop.ts';
import { Begun, collect, discarded, prepare, toldOf } from './bench.ts';
import { commandFor, lacking } from './commands.ts';
import { progressOf, readResult, readResultFile, type AgentResult } from './result.ts';
import { StandingJobs } from './standing.ts';
import { plain } from './text.ts';

const GRACE_MS = 3_000;
const DETAIL_CHARACTERS = 2_000;
const PRINTED_CHARACTERS = 12_000;

/** Does the work of agents by the commands that `.gatehouse.yml` names (contract 12 and 13). */
export const commandExecutor = (options: Local): Executor & { close(): Promise<void> } => new CommandExecutor(options);

class CommandExecutor implements Executor {
  private readonly jobs;
  private readonly environment;
  private readonly workshop;
  private readonly publishing;
  private readonly ledger;
  private readonly standing;
  private closing = false;

  constructor({ root, environment, ledger }: Local) {
    this.jobs = foldersOf(root).jobs;
    this.standing = new StandingJobs(root);
    this.environment = environment;
    this.workshop = new Workshop(root);
    this.ledger = ledger;
    this.publishing = new Publishing(this.workshop, new Records(root), ledger);
    void this.sweep();
  }

  async examine(change: Change, roles: string[]): Promise<BadField[]> {
    const settings = await this.workshop.settingsOf(change);
    const place = { workshop: this.workshop, searchPath: this.environment['PATH'] };
    const fields = await Promise.all(roles.map((role) => lacking(place, change, settings, role)));
    return fields.flat();
  }

  list = () => this.standing.list();

  knows = async (key: string): Promise<boolean> => (await readText(this.placeOf(key).job)) !== undefined;

  ensure(job: Job): Promise<void> {
    const place = this.placeOf(job.key);
    return withLock(place.lock, async () => {
      if ((await readText(place.report)) !== undefined || (await stateOf(place.run)).is !== 'absent') return;
      if (this.closing) throw new Error('This worker is stopping: the next one begins the job.');

      await mkdir(place.folder, { recursive: true });
      await this.standing.add(path.basename(place.folder));
      await writeJson(place.job, job);
      const begun = await prepare(this.workshop, job, place.tree);
      await writeJson(place.begun, begun);
      if (begun.merging?.clean) return;

      const settings = await this.workshop.settingsOf(job.change);
      const text = JSON.stringify(toldOf(job));
      await writeJson(place.told, toldOf(job));
      if (this.closing) throw new Error('This worker is stopping: the next one begins the job.');
      await launch(place.run, {
        command: commandFor(settings, job.role)!,
        cwd: place.tree,
        env: environmentFor(this.environment, { GATEHOUSE_JOB: place.told, GATEHOUSE_RESULT: place.result }),
        stdin: text,
        begins: () => this.ledger?.note({ effect: 'job-started', key: job.key }),
      });
    });
  }

  look(key: string): Promise<JobLook> {
    const place = this.placeOf(key);
    return withLock(place.lock, async () => {
      const known = await readReport(place.report);
      if (known) return known;
      const job = (await readJson(place.job, z.unknown())) as Job | undefined;
      const begun = job && (await readJson(place.begun, Begun));
      if (!job || !begun) return { is: 'evicted', because: 'The executor knows no such job.', infrastructure: true };

      const state: ProcessState = begun.merging?.clean ? { is: 'exited', code: 0 } : await stateOf(place.run);
      if (state.is === 'absent') throw new Error(`The command of ${key} has not begun: it is launched once more.`);
      if (state.is === 'running') {
        const over = overdue(job, state);
        if (!over) return this.running(place.run);
        await end(place.run, { graceMs: GRACE_MS });
        return this.report(key, place, { is: 'failed', because: over, ...(await detailOf(place.run)) });
      }
      await end(place.run, { graceMs: GRACE_MS }); // what it left running in its group
      return this.report(key, place, await this.settle(job, begun, place, state));
    });
  }

  stop(key: string, because = 'Somebody stopped it.'): Promise<void> {
    return this.finish(key, { is: 'stopped', because });
  }

  /** All that run are asked at once; what cannot be ended is told. A checkout that is left is swept by the next worker. */
  async close(): Promise<void> {
    this.closing = true;
    const running = (await this.list()).flatMap((job) => (job.running ? [job.key] : []));
    const noted = Promise.allSettled(running.map((key) => this.interrupt(key)));
    // Whoever works on one right now is waited for a while: on record first, but it ends in any case.
    await Promise.race([noted, new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref())]);
    const left = await endAll(
      running.map((key) => this.placeOf(key).run),
      { graceMs: GRACE_MS },
    );
    if (left.length > 0) throw new Error(left.join('\n'));
    await noted;
    await this.sweep();
  }

  private interrupt(key: string): Promise<void> {
    const place = this.placeOf(key);
    return withLock(place.lock, async () => {
      const report = { is: 'interrupted', because: 'The local stack was stopped.' } as const;
      if (!(await readReport(place.report))) await this.note(key, place, report);
    });
  }

  /** Clears away checkouts that outlived their job's report, as where a worker died between the two: no look comes back. */
  private async sweep(): Promise<void> {
    for (const name of await this.standing.reported().catch((): string[] => [])) {
      const place = this.placeIn(name);
      // Only litter is at stake: what cannot be removed now is there for the next worker.
      await withLock(place.lock, () => this.clear(place)).catch(() => undefined);
    }
  }

  private async clear({ folder, tree }: Place): Promise<void> {
    await rm(tree, { recursive: true, force: true });
    await this.standing.strike(path.basename(folder));
  }

  /** Ends a job from outside: on record first, so that whatever it still answers changes nothing. */
  private finish(key: string, report: JobReport): Promise<void> {
    const place = this.placeOf(key);
    return withLock(place.lock, async () => {
      await mkdir(place.folder, { recursive: true });
      if (!(await readReport(place.report))) await this.note(key, place, report);
      await end(place.run, { graceMs: GRACE_MS });
      await this.clear(place);
    });
  }

  private async report(key: string, place: Place, report: JobReport): Promise<JobReport> {
    await this.note(key, place, report);
    await this.clear(place);
    return report;
  }

  private async note(key: string, place: Place, report: JobReport): Promise<void> {
    await writeJson(place.report, report);
    this.ledger?.note({ effect: 'job-ended', key });
  }

  private async running(run: string): Promise<JobLook> {
    const printed = await tailOf(run, 'stderr', PRINTED_CHARACTERS);
    const progress = progressOf(printed);
    const said = `${await tailOf(run, 'stdout', 500)}\n${printed.replace(/^GATEHOUSE_PROGRESS.*$/gm, '')}`;
    const lastOutput = plain(said).trim().split('\n').at(-1)?.slice(0, 200);
    return { is: 'running', ...(progress && { progress }), ...(lastOutput && { lastOutput }) };
  }

  /** What became of a job whose process is over (the table of contract 12). */
  private async settle(job: Job, begun: Begun, place: Place, state: ProcessState): Promise<JobReport> {
    const file = await readResultFile(place.result);
    const detail = await detailOf(place.run);
    const killed = state.is !== 'exited' || (state.code > 128 && state.code < 160);
    if (killed && 'text' in file && file.text === undefined) {
      const how = state.is === 'exited' ? `a signal (exit code ${state.code})` : 'something outside';
      return { is: 'evicted', because: `Its process was ended by ${how}, without a result.`, infrastructure: false };
    }
    if (state.is !== 'exited' || state.code !== 0) {
      const code = state.is === 'exited' ? `exit code ${state.code}` : 'no exit code';
      return { is: 'failed', because: `${job.role} ended with ${code}.`, ...detail };
    }
    const read = begun.merging?.clean
      ? { result: { summary: 'The base merged cleanly: there was nothing to resolve.' } }
      : 'broken' in file
        ? file
        : readResult(file.text, await tailOf(place.run, 'stdout', PRINTED_CHARACTERS), {
            answers: job.mode === 'read',
          });
    if ('broken' in read) return { is: 'failed', because: read.broken, ...detail };
    return this.bring(job, begun, place, read.result);
  }

  /** Brings home what a job made: pushed if it writes, thrown away if it reads. */
  private async bring(job: Job, begun: Begun, { tree }: Place, result: AgentResult): Promise<JobReport> {
    const { change } = job;
    const said = saidOf(result);
    if (job.mode === 'read') {
      const thrown = await discarded(tree, begun);
      return { ...said, changed: false, ...(await this.headNow(job)), ...(thrown.length > 0 && { discarded: thrown }) };
    }
    const made = await collect(tree, begun, `${job.role}: ${job.task.id} ${job.task.title}`);
    if (made.is === 'refused') return { is: 'failed', because: made.because, usage: said.usage };
    if (made.is === 'nothing') return { ...said, changed: false, ...(await this.headNow(job)) };

    await this.workshop.bringBack(change.repository, tree, made.commit);
    const end = await this.publishing.publish(change, made.commit, begun.before);
    if (end.is === 'refused') return { is: 'failed', because: end.because, usage: said.usage };
    return { ...said, changed: true, ...(await this.headNow(job)) };
  }

  private async headNow({ change }: Job) {
    const head = await this.workshop.headOf(change.repository, change.branch);
    if (head === undefined) return { foreign: [] };
    return { head, foreign: await this.publishing.foreignSince(change, change.head, head) };
  }

  private placeOf = (key: string) => this.placeIn(safeName(key));

  private placeIn(name: string) {
    const folder = path.join(this.jobs, name);
    const file = (name: string) => path.join(folder, name);
    return {
      folder,
      lock: `${folder}.lock`,
      tree: file('tree'),
      run: file('run'),
      job: file('job.json'),
      told: file('told.json'),
      begun: file('begun.json'),
      result: file('result.json'),
      report: file('report.json'),
    };
  }
}
type Place = ReturnType<CommandExecutor['placeIn']>;

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

function overdue({ seconds, silenceSeconds, role }: Job, state: Extract<ProcessState, { is: 'running' }>) {
  const now = Date.now();
  if (now - state.since > seconds * 1_000) return `${role} was stopped after ${seconds} s, its time limit.`;
  if (now - state.lastOutputAt > silenceSeconds * 1_000) {
    return `${role} was stopped after ${silenceSeconds} s without output.`;
  }
  return undefined;
}

async function detailOf(run: string): Promise<{ detail?: string }> {
  const detail = plain(await tailOf(run, 'stderr', DETAIL_CHARACTERS)).trim();
  return detail ? { detail } : {};
}

const readReport = async (file: string) => (await readJson(file, z.unknown())) as JobReport | undefined;
