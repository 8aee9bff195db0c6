import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { BadField, Job, JobReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Attempt, Executor, JobStatus } from '../../../ports.ts';
import { clear, isFolder, isThere } from '../../files/clearing.ts';
import { foldersOf, safeName } from '../../files/folders.ts';
import { readRecord } from '../../files/reading.ts';
import { writeJson } from '../../files/records.ts';
import { Trash } from '../../files/trash.ts';
import { Begun, Refusal } from '../../git/settling/checkout.ts';
import { prepare } from '../../git/settling/job-checkout.ts';
import { Superseded } from '../../processes/attempts.ts';
import { exclusivelyIn } from '../../processes/exclusive.ts';
import { end, endAll, stateOf, type ProcessState } from '../../processes/processes.ts';
import type { InCheckouts } from '../opening.ts';
import { Agents } from './agents.ts';
import { lacking } from './commands.ts';
import { Ending, overdue } from './ending.ts';
import { jobFolder, type JobFolder } from './job-folder.ts';
import { agentOf, endJob, GRACE_MS, launchAgent } from './launching.ts';
import { isSuperseded, own } from './owner.ts';
import { running } from './progress.ts';
import { UnfinishedJobs } from './unfinished-jobs.ts';

/** Runs agents by the commands that `.gatehouse.yml` names. */
export const commandExecutor = (options: InCheckouts): Executor & { close(): Promise<void> } =>
  new CommandExecutor(options);

class CommandExecutor implements Executor {
  private readonly jobs;
  private readonly ending;
  private readonly agents;
  private readonly ledger;
  private readonly unfinished;
  private readonly trash;
  private readonly exclusively;
  /** The jobs that this worker is settling, with their abort controllers. */
  private readonly settling = new Map<string, AbortController>();
  private closing = false;

  constructor(private readonly options: InCheckouts) {
    const { root, ledger, repositories, state } = options;
    this.exclusively = exclusivelyIn(root, state);
    this.jobs = foldersOf(root).jobs;
    this.unfinished = new UnfinishedJobs(root);
    this.trash = new Trash(root);
    void this.trash.sweep();
    this.ledger = ledger;
    this.ending = new Ending(root, repositories);
    this.agents = new Agents(options);
    void this.sweep();
  }

  async examine(change: Change, roles: string[]): Promise<BadField[]> {
    const { repositories, environment, configuration, agentsOf } = this.options;
    const found = await agentsOf(change);
    const given = { repositories, searchPath: environment['PATH'], configuration: configuration() };
    const fields = await Promise.all(roles.map((role) => lacking(given, change, found, role)));
    return fields.flat();
  }

  list = () => this.unfinished.list();

  knows = async (key: string): Promise<boolean> => (await readRecord(this.folderOf(key).job)) !== undefined;

  unavailable: Executor['unavailable'] = (job) => this.agents.unavailable(job);

  ensure(job: Job, by?: Attempt): Promise<void> {
    const paths = this.folderOf(job.key);
    return this.exclusively(leaseOf(paths), async () => {
      if ((await readReport(paths.report)) !== undefined) return;
      const still = () => mustBeTheirs(job.key, paths, by);
      await still();
      if (by) await own(paths.owner, by);
      if ((await stateOf(paths.run)).is !== 'absent') return;
      if (this.closing) throw new Error('This worker is stopping: the next one begins the job.');

      await mkdir(paths.folder, { recursive: true });
      await this.unfinished.add(path.basename(paths.folder));
      await writeJson(paths.job, job);
      try {
        await this.begin(job, paths, still);
      } catch (failure) {
        if (!(failure instanceof Refusal)) throw failure; // a transient failure
        await this.report(job.key, paths, { is: 'failed', because: failure.message }, still);
      }
    });
  }

  /** Throws `Refusal` if this job can never begin. */
  private async begin(job: Job, paths: JobFolder, still: () => Promise<void>): Promise<void> {
    const agent = await agentOf(this.options, job);
    const begun = await prepare(this.options.repositories, job, paths.tree);
    await still();
    await writeJson(paths.begun, begun);
    if (begun.merging?.clean) return;

    if (this.closing) throw new Error('This worker is stopping: the next one begins the job.');
    await launchAgent(this.options, job, paths, agent);
  }

  look(key: string, by?: Attempt): Promise<JobStatus> {
    const paths = this.folderOf(key);
    return this.exclusively(leaseOf(paths), async () => {
      const known = await readReport(paths.report);
      if (known) return known;
      const still = () => mustBeTheirs(key, paths, by);
      await still();
      const job = (await readRecord(paths.job)) as Job | undefined;
      const begun = job && Begun.safeParse(await readRecord(paths.begun)).data;
      if (!job || !begun) {
        await end(paths.run, { graceMs: GRACE_MS }); // it may still run although its records were lost
        return { is: 'evicted', because: 'The executor knows no such job.', infrastructure: true };
      }

      const state: ProcessState = begun.merging?.clean ? { is: 'exited', code: 0 } : await stateOf(paths.run);
      if (state.is === 'absent') throw new Error(`The command of ${key} has not begun and is launched again.`);
      if (state.is === 'running') {
        const over = overdue(job, state);
        if (!over) return this.agents.seen(paths, state).then(() => running(paths.run));
        await endJob(paths);
        const failed = (signal: AbortSignal) => this.ending.failed({ ...paths, job, begun, still }, over, signal);
        return this.report(key, paths, await this.settled(key, failed), still);
      }
      await endJob(paths); // what it left running in its group
      const ended = (signal: AbortSignal) => this.ending.of({ ...paths, job, begun, still }, state, signal);
      const report = await this.settled(key, ended);
      await still();
      return this.report(key, paths, report.is === 'notNow' ? await this.agents.refuse(job, report) : report, still);
    });
  }

  /** Records the report first, so that nothing that the job still does changes it. */
  async stop(key: string, because = 'Somebody stopped it.', by?: Attempt): Promise<boolean> {
    const paths = this.folderOf(key);
    if (await isSuperseded(paths.owner, by)) return false; // its owner may be settling it right now
    this.settling.get(key)?.abort(new Error(`${key} was stopped.`));
    return this.exclusively(leaseOf(paths), async () => {
      if (await isSuperseded(paths.owner, by)) return false;
      await mkdir(paths.folder, { recursive: true });
      if (!(await readReport(paths.report))) await this.note(key, paths, { is: 'stopped', because });
      await endJob(paths);
      await this.clear(paths);
      return true;
    });
  }

  /** Ends all running jobs at once. Throws if some could not be ended. The next worker removes checkouts that are left. */
  async close(): Promise<void> {
    this.closing = true;
    const listed = await this.list();
    const running = listed.flatMap((job) => (job.running ? [job.key] : []));
    const noted = Promise.allSettled(running.map((key) => this.interrupt(key)));
    // Waits only briefly for a job that is locked. It is ended in any case.
    await Promise.race([noted, new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref())]);
    const left = await endAll(
      listed.map(({ key }) => this.folderOf(key).run), // includes what ended commands have left running
      { graceMs: GRACE_MS },
    );
    if (left.length > 0) throw new Error(left.join('\n'));
    await noted;
    await this.sweep();
    await this.trash.close();
  }

  private interrupt(key: string): Promise<void> {
    const paths = this.folderOf(key);
    return this.exclusively(leaseOf(paths), async () => {
      const report = { is: 'interrupted', because: 'The local stack was stopped.' } as const;
      if (!(await readReport(paths.report))) await this.note(key, paths, report);
    });
  }

  /** Removes checkouts of jobs that have a report, left by a worker that died in between. Nobody polls those jobs again. */
  private async sweep(): Promise<void> {
    for (const name of await this.unfinished.reported().catch((): string[] => [])) {
      const paths = this.folderIn(name);
      // Nothing depends on this. The next worker removes checkouts that are left.
      await this.exclusively(leaseOf(paths), () => this.clear(paths)).catch(() => undefined);
    }
  }

  /** A checkout that cannot be removed stays listed, and the next worker tries again. */
  private async clear({ folder, tree, scratch }: JobFolder): Promise<void> {
    await clear(scratch);
    await this.trash.take(tree);
    if (!(await isThere(tree))) await this.unfinished.strike(path.basename(folder));
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

  private async report(
    key: string,
    paths: JobFolder,
    report: JobReport,
    still: () => Promise<void>,
  ): Promise<JobReport> {
    await still();
    await this.note(key, paths, report);
    await this.clear(paths);
    return report;
  }

  private async note(key: string, paths: JobFolder, report: JobReport): Promise<void> {
    if (await isFolder(paths.report)) await clear(paths.report); // not a record of ours
    await writeJson(paths.report, report);
    this.ledger?.note({ effect: 'job-ended', key });
  }

  private folderOf = (key: string) => this.folderIn(safeName(key));

  private folderIn = (name: string) => jobFolder(this.jobs, name);
}

const leaseOf = ({ folder }: JobFolder): string => `job ${path.basename(folder)}`;

async function mustBeTheirs(key: string, { owner }: JobFolder, by: Attempt | undefined): Promise<void> {
  if (await isSuperseded(owner, by)) throw new Superseded(key);
}

const readReport = async (file: string) => (await readRecord(file)) as JobReport | undefined;
