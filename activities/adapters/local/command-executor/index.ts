import { mkdir } from 'node:fs/promises';
import type { BadField, Job, JobReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { UnfinishedJob } from '../../../inventory.ts';
import type { Attempt, Executor, JobStatus } from '../../../ports.ts';
import { foldersOf, safeName } from '../../files/folders.ts';
import { Trash } from '../../files/trash.ts';
import { Refusal } from '../../git/settling/checkout.ts';
import { prepare } from '../../git/settling/job-checkout.ts';
import { Superseded } from '../../processes/attempts.ts';
import { exclusivelyIn, idOf } from '../../processes/exclusive.ts';
import { Holders } from '../../processes/holders.ts';
import { KeptLogs } from '../../processes/kept-logs.ts';
import { end, endAll, stateOf, type ProcessState } from '../../processes/processes.ts';
import type { InCheckouts } from '../opening.ts';
import { Agents } from './agents.ts';
import { lacking } from './commands.ts';
import { Ending, overdue, type Ended } from './ending.ts';
import { jobFolder, type JobFolder } from './job-folder.ts';
import { agentOf, endJob, GRACE_MS, launchAgent } from './launching.ts';
import { JobLogs } from './job-logs.ts';
import { JobRows, type JobRecord, type Made } from './job-rows.ts';
import { leaseOf, Leavings, LOST } from './leavings.ts';
import { isSuperseded, mustBeTheirs, type Still } from './owner.ts';
import { running } from './progress.ts';

/** Runs agents by the commands that `.gatehouse.yml` names. */
export const commandExecutor = (options: InCheckouts): Executor & { close(): Promise<void> } =>
  new CommandExecutor(options);

class CommandExecutor implements Executor {
  private readonly jobs;
  private readonly ending;
  private readonly agents;
  private readonly rows;
  private readonly trash;
  private readonly exclusively;
  private readonly holders;
  private readonly leavings;
  private readonly logs;
  /** The jobs that this worker is settling, with their abort controllers. */
  private readonly settling = new Map<string, AbortController>();
  private closing = false;

  constructor(private readonly options: InCheckouts) {
    const { root, ledger, repositories, state } = options;
    this.exclusively = exclusivelyIn(root, state);
    this.jobs = foldersOf(root).jobs;
    this.rows = new JobRows(state, () => idOf(root));
    this.trash = new Trash(root);
    void this.trash.sweep();
    this.holders = new Holders(root, state);
    const { rows, trash, exclusively, folderOf } = this;
    this.logs = new JobLogs(rows, this.holders, new KeptLogs(state), folderOf);
    this.leavings = new Leavings({ rows, trash, exclusively, ledger, folderOf, logs: this.logs.kept });
    this.ending = new Ending(root, repositories);
    this.agents = new Agents(options, this.rows);
    void this.leavings.sweep();
    const isBusy = async () => (await this.list()).some((job) => job.running);
    state.runners.add({ sweep: () => this.leavings.sweep(), lose: () => this.lose(), isBusy });
  }

  async examine(change: Change, roles: string[]): Promise<BadField[]> {
    const { repositories, environment, configuration, agentsOf } = this.options;
    const found = await agentsOf(change);
    const given = { repositories, searchPath: environment['PATH'], configuration: configuration() };
    const fields = await Promise.all(roles.map((role) => lacking(given, change, found, role)));
    return fields.flat();
  }

  async list(): Promise<UnfinishedJob[]> {
    const unfinished = (await this.rows.unfinished()).map(async ({ key }) => {
      return { key, running: (await stateOf(this.folderOf(key).run)).is === 'running' };
    });
    return Promise.all(unfinished);
  }

  knows = async (key: string): Promise<boolean> => (await this.rows.read(key))?.job !== undefined;

  unavailable: Executor['unavailable'] = (job) => this.agents.unavailable(job);

  ensure(job: Job, by?: Attempt): Promise<void> {
    const { key } = job;
    const paths = this.folderOf(key);
    return this.exclusively(leaseOf(paths), async () => {
      if (!(await this.rows.read(key))) {
        this.unlessStopping();
        await this.options.repositories.path(job.change.repository); // throws, while the job is nobody's, if it is elsewhere
      }
      const known = await this.here(await this.rows.claim(key));
      if (known.report) return;
      mustBeTheirs(key, known, by);
      if (by) await this.rows.note(key, { owner: by });
      if ((await stateOf(paths.run)).is !== 'absent') return;
      this.unlessStopping();
      await mkdir(paths.folder, { recursive: true });
      await this.rows.note(key, { job });
      try {
        await this.begin(job, paths, this.stillOf(key, by));
      } catch (failure) {
        if (!(failure instanceof Refusal)) throw failure; // a transient failure
        await this.report(key, paths, { is: 'failed', because: failure.message }, this.stillOf(key, by));
      }
    });
  }

  private unlessStopping(): void {
    const { draining } = this.options.state.runners;
    this.holders.checkFence();
    if (this.closing || draining) throw new Error('This worker is stopping: the next one begins the job.');
  }

  /** A job of this runner, or one that has a report. Reports the job of a runner that is lost. Throws `HeldElsewhere`. */
  private async here(known: JobRecord): Promise<JobRecord> {
    if (known.report || (await this.holders.find(known.runner, 'key')) === 'here') return known;
    await this.rows.report(known.key, LOST);
    return (await this.rows.read(known.key))!;
  }

  /** Throws `Refusal` if this job can never begin. */
  private async begin(job: Job, paths: JobFolder, still: Still): Promise<void> {
    const agent = await agentOf(this.options, job);
    const begun = await prepare(this.options.repositories, job, paths.tree);
    await still();
    await this.rows.note(job.key, { begun });
    if (begun.merging?.clean) return;
    this.unlessStopping();
    await launchAgent(this.options, { job, begun, paths, agent });
  }

  look(key: string, by?: Attempt): Promise<JobStatus> {
    const paths = this.folderOf(key);
    return this.exclusively(leaseOf(paths), async () => {
      const read = await this.rows.read(key);
      const known = read && (await this.here(read));
      if (known?.report) return known.report;
      mustBeTheirs(key, known, by);
      if (!known?.job) {
        await end(paths.run, { graceMs: GRACE_MS }); // it may run although its record was lost
        return { is: 'evicted', because: 'The executor knows no such job.', infrastructure: true };
      }
      const { job, begun, made } = known;
      const state: ProcessState = begun?.merging?.clean ? { is: 'exited', code: 0 } : await stateOf(paths.run);
      if (!begun || state.is === 'absent')
        throw new Error(`The command of ${key} has not begun and is launched again.`);
      const still = this.stillOf(key, by);
      const record = (settled: Made) => this.rows.note(key, { made: settled });
      const ended: Ended = { ...paths, job, begun, made, still, record };
      if (state.is === 'running') {
        const over = overdue(job, state);
        if (!over) return this.agents.seen(paths, state).then(() => running(paths.run));
        await endJob(paths);
        const failed = await this.settled(key, (signal) => this.ending.failed(ended, over, signal));
        return this.report(key, paths, failed, still);
      }
      await endJob(paths); // what it left running in its group
      const report = await this.settled(key, (signal) => this.ending.of(ended, state, signal));
      await still();
      return this.report(key, paths, report.is === 'notNow' ? await this.agents.refuse(job, report) : report, still);
    });
  }

  readLog: NonNullable<Executor['readLog']> = (question) => this.logs.read(question);

  /** Records the report first, so that nothing that the job still does changes it. */
  async stop(key: string, because = 'Somebody stopped it.', by?: Attempt): Promise<boolean> {
    const paths = this.folderOf(key);
    const read = await this.rows.read(key);
    if (isSuperseded(read, by)) return false; // its owner may be settling it right now
    if (read && read.runner !== (await this.holders.own())) return this.stopElsewhere(read, because);
    this.settling.get(key)?.abort(new Error(`${key} was stopped.`));
    return this.exclusively(leaseOf(paths), async () => {
      const known = await this.rows.read(key);
      if (isSuperseded(known, by)) return false;
      await this.leavings.note(key, { is: 'stopped', because });
      await endJob(paths);
      await this.leavings.clear(key, paths);
      return true;
    });
  }

  /** A runner that is not heard of learns that the job was stopped when it comes back, or ends it by itself. */
  private async stopElsewhere({ key, runner, report }: JobRecord, because: string): Promise<boolean> {
    if (!report && !(await this.holders.mayBeEnded(runner))) await this.holders.find(runner, 'key');
    await this.leavings.note(key, { is: 'stopped', because });
    return true;
  }

  /** Ends all running jobs at once. Throws if some could not be ended. The next worker removes checkouts that are left. */
  async close(): Promise<void> {
    this.closing = true;
    const listed = await this.list();
    const running = listed.flatMap((job) => (job.running ? [job.key] : []));
    const noted = Promise.allSettled(running.map((key) => this.leavings.interrupt(key)));
    // Waits only briefly for a job that is locked. It is ended in any case.
    await Promise.race([noted, new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref())]);
    const left = await endAll(
      listed.map(({ key }) => this.folderOf(key).run), // includes what ended commands have left running
      { graceMs: GRACE_MS },
    );
    if (left.length > 0) throw new Error(left.join('\n'));
    await noted;
    await this.leavings.sweep();
    await this.trash.close();
  }

  /** Others have taken this runner for lost: all its jobs end, and begin anew elsewhere. */
  private async lose(): Promise<void> {
    for (const each of this.settling.values()) each.abort(new Error('This worker was not heard of for too long.'));
    await this.leavings.lose();
  }

  /** Settles a job. Stopping the job aborts this without waiting for it. */
  private async settled(key: string, work: (signal: AbortSignal) => Promise<JobReport>): Promise<JobReport> {
    const controller = new AbortController();
    this.settling.set(key, controller);
    try {
      return await work(controller.signal);
    } finally {
      this.settling.delete(key);
    }
  }

  private async report(key: string, paths: JobFolder, report: JobReport, still: Still): Promise<JobReport> {
    await still();
    await this.leavings.note(key, report);
    await this.leavings.clear(key, paths);
    return report;
  }

  private stillOf(key: string, by: Attempt | undefined): Still {
    return async () => {
      const known = await this.rows.read(key);
      this.holders.checkFence();
      if (known?.report) throw new Superseded(key);
      mustBeTheirs(key, known, by);
    };
  }

  private folderOf = (key: string) => jobFolder(this.jobs, safeName(key));
}
