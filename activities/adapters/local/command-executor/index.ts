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
import { environmentFor } from '../../processes/environment.ts';
import { withLock } from '../../processes/locks.ts';
import { end, endAll, launch, stateOf, type ProcessState } from '../../processes/processes.ts';
import { agentFor } from '../../settings/agent-settings.ts';
import type { InCheckouts } from '../opening.ts';
import { commandOf, lacking } from './commands.ts';
import { Ending, overdue } from './ending.ts';
import { isSuperseded, own } from './owner.ts';
import { running } from './progress.ts';
import { shownJob } from './shown-job.ts';
import { UnfinishedJobs } from './unfinished-jobs.ts';

const GRACE_MS = 3_000;

/** Runs agents by the commands that `.gatehouse.yml` names. */
export const commandExecutor = (options: InCheckouts): Executor & { close(): Promise<void> } =>
  new CommandExecutor(options);

class CommandExecutor implements Executor {
  private readonly jobs;
  private readonly environment;
  private readonly repositories;
  private readonly agentsOf;
  private readonly configuration;
  private readonly ending;
  private readonly ledger;
  private readonly unfinished;
  private readonly trash;
  /** The jobs that this worker is settling, with their abort controllers. */
  private readonly settling = new Map<string, AbortController>();
  private closing = false;

  constructor({ root, environment, ledger, repositories, agentsOf, configuration }: InCheckouts) {
    this.jobs = foldersOf(root).jobs;
    this.unfinished = new UnfinishedJobs(root);
    this.trash = new Trash(root);
    void this.trash.sweep();
    this.environment = environment;
    this.repositories = repositories;
    this.agentsOf = agentsOf;
    this.configuration = configuration;
    this.ledger = ledger;
    this.ending = new Ending(root, repositories);
    void this.sweep();
  }

  async examine(change: Change, roles: string[]): Promise<BadField[]> {
    const found = await this.agentsOf(change);
    const place = {
      repositories: this.repositories,
      searchPath: this.environment['PATH'],
      configuration: this.configuration(),
    };
    const fields = await Promise.all(roles.map((role) => lacking(place, change, found, role)));
    return fields.flat();
  }

  list = () => this.unfinished.list();

  knows = async (key: string): Promise<boolean> => (await readRecord(this.folderOf(key).job)) !== undefined;

  ensure(job: Job, by?: Attempt): Promise<void> {
    const place = this.folderOf(job.key);
    return withLock(place.lock, async () => {
      if ((await readReport(place.report)) !== undefined) return;
      const still = () => mustBeTheirs(job.key, place, by);
      await still();
      if (by) await own(place.owner, by);
      if ((await stateOf(place.run)).is !== 'absent') return;
      if (this.closing) throw new Error('This worker is stopping: the next one begins the job.');

      await mkdir(place.folder, { recursive: true });
      await this.unfinished.add(path.basename(place.folder));
      await writeJson(place.job, job);
      try {
        await this.begin(job, place, still);
      } catch (failure) {
        if (!(failure instanceof Refusal)) throw failure; // a transient failure
        await this.report(job.key, place, { is: 'failed', because: failure.message }, still);
      }
    });
  }

  /** Throws `Refusal` if this job can never begin. */
  private async begin(job: Job, place: JobFolder, still: () => Promise<void>): Promise<void> {
    const { agents, at } = await this.agentsOf(job.change);
    const agent = agentFor(agents, job.role);
    if (agent === undefined) throw new Refusal(`${at} has no agent for ${job.role}, and no default.`);
    const command = commandOf(agent);
    const begun = await prepare(this.repositories, job, place.tree);
    await still();
    await writeJson(place.begun, begun);
    if (begun.merging?.clean) return;

    const text = JSON.stringify(shownJob(job));
    await writeJson(place.told, shownJob(job));
    if (this.closing) throw new Error('This worker is stopping: the next one begins the job.');
    await launch(place.run, {
      command,
      cwd: place.tree,
      env: environmentFor(this.environment, { GATEHOUSE_JOB: place.told, GATEHOUSE_RESULT: place.result }),
      stdin: text,
      begins: () => this.ledger?.note({ effect: 'job-started', key: job.key }),
    });
  }

  look(key: string, by?: Attempt): Promise<JobStatus> {
    const place = this.folderOf(key);
    return withLock(place.lock, async () => {
      const known = await readReport(place.report);
      if (known) return known;
      const still = () => mustBeTheirs(key, place, by);
      await still();
      const job = (await readRecord(place.job)) as Job | undefined;
      const begun = job && Begun.safeParse(await readRecord(place.begun)).data;
      if (!job || !begun) {
        await end(place.run, { graceMs: GRACE_MS }); // it may still run although its records were lost
        return { is: 'evicted', because: 'The executor knows no such job.', infrastructure: true };
      }

      const state: ProcessState = begun.merging?.clean ? { is: 'exited', code: 0 } : await stateOf(place.run);
      if (state.is === 'absent') throw new Error(`The command of ${key} has not begun and is launched again.`);
      if (state.is === 'running') {
        const over = overdue(job, state);
        if (!over) return running(place.run);
        await end(place.run, { graceMs: GRACE_MS });
        const failed = (signal: AbortSignal) => this.ending.failed({ ...place, job, begun, still }, over, signal);
        return this.report(key, place, await this.settled(key, failed), still);
      }
      await end(place.run, { graceMs: GRACE_MS }); // what it left running in its group
      const ended = (signal: AbortSignal) => this.ending.of({ ...place, job, begun, still }, state, signal);
      return this.report(key, place, await this.settled(key, ended), still);
    });
  }

  /** Records the report first, so that nothing that the job still does changes it. */
  async stop(key: string, because = 'Somebody stopped it.', by?: Attempt): Promise<boolean> {
    const place = this.folderOf(key);
    if (await isSuperseded(place.owner, by)) return false; // its owner may be settling it right now
    this.settling.get(key)?.abort(new Error(`${key} was stopped.`));
    return withLock(place.lock, async () => {
      if (await isSuperseded(place.owner, by)) return false;
      await mkdir(place.folder, { recursive: true });
      if (!(await readReport(place.report))) await this.note(key, place, { is: 'stopped', because });
      await end(place.run, { graceMs: GRACE_MS });
      await this.clear(place);
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
    const place = this.folderOf(key);
    return withLock(place.lock, async () => {
      const report = { is: 'interrupted', because: 'The local stack was stopped.' } as const;
      if (!(await readReport(place.report))) await this.note(key, place, report);
    });
  }

  /** Removes checkouts of jobs that have a report, left by a worker that died in between. Nobody polls those jobs again. */
  private async sweep(): Promise<void> {
    for (const name of await this.unfinished.reported().catch((): string[] => [])) {
      const place = this.folderIn(name);
      // Nothing depends on this. The next worker removes checkouts that are left.
      await withLock(place.lock, () => this.clear(place)).catch(() => undefined);
    }
  }

  /** A checkout that cannot be removed stays listed, and the next worker tries again. */
  private async clear({ folder, tree }: JobFolder): Promise<void> {
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
    place: JobFolder,
    report: JobReport,
    still: () => Promise<void>,
  ): Promise<JobReport> {
    await still();
    await this.note(key, place, report);
    await this.clear(place);
    return report;
  }

  private async note(key: string, place: JobFolder, report: JobReport): Promise<void> {
    if (await isFolder(place.report)) await clear(place.report); // not a record of ours
    await writeJson(place.report, report);
    this.ledger?.note({ effect: 'job-ended', key });
  }

  private folderOf = (key: string) => this.folderIn(safeName(key));

  private folderIn(name: string) {
    const folder = path.join(this.jobs, name);
    const file = (name: string) => path.join(folder, name);
    return {
      folder,
      lock: `${folder}.lock`,
      tree: file('tree'),
      run: file('run'),
      owner: file('owner.json'),
      job: file('job.json'),
      told: file('told.json'),
      begun: file('begun.json'),
      result: file('result.json'),
      report: file('report.json'),
    };
  }
}
type JobFolder = ReturnType<CommandExecutor['folderIn']>;

async function mustBeTheirs(key: string, { owner }: JobFolder, by: Attempt | undefined): Promise<void> {
  if (await isSuperseded(owner, by)) throw new Superseded(key);
}

const readReport = async (file: string) => (await readRecord(file)) as JobReport | undefined;
