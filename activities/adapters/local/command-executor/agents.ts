import { stat } from 'node:fs/promises';
import type { Job, JobReport, Unavailable } from '../../../../workflows/contracts/activities.ts';
import type { AgentUnavailable } from '../../../ports.ts';
import { Availability, identityOf, markAnswered, type AgentIdentity, type Trial } from '../../agents/availability.ts';
import { isThere } from '../../files/clearing.ts';
import { foldersOf, safeName } from '../../files/folders.ts';
import { exclusivelyIn } from '../../processes/exclusive.ts';
import { stateOf, type ProcessState } from '../../processes/processes.ts';
import { agentFor } from '../../settings/agent-settings.ts';
import { isolationIn, type InCheckouts } from '../opening.ts';
import { jobFolder, type JobFolder } from './job-folder.ts';
import type { JobRows } from './job-rows.ts';

/**
 * A command that still prints something this long after it began has reached its model, in milliseconds. Without a model,
 * the programs that we know give up, or fall silent, within 80 seconds.
 */
const ANSWERED_MS = 120_000;
/** A job that nothing has happened to for this long has no worker, in milliseconds. No step of settling takes as long. */
const ABANDONED_MS = 15 * 60_000;

type NotNow = Extract<JobReport, { is: 'notNow' }>;

/** Which agents can work now, as the jobs of this executor find out. */
export class Agents {
  private readonly jobs;
  private readonly availability;
  private readonly agentsOf;
  private readonly isolation;

  constructor(
    { root, agentsOf, state, ...options }: InCheckouts,
    private readonly rows: JobRows,
  ) {
    this.jobs = foldersOf(root).jobs;
    this.isolation = isolationIn(options);
    this.agentsOf = agentsOf;
    this.availability = new Availability(root, exclusivelyIn(root, state), (key) => this.trialOf(key));
  }

  async unavailable(job: Pick<Job, 'key' | 'role' | 'change'>): Promise<AgentUnavailable | undefined> {
    if (await this.availability.isQuiet()) return undefined;
    return this.availability.ask(identityOf(await this.agentOf(job)), job.key);
  }

  /** Records that the agent has refused a job, and returns when it is tried next. */
  async refuse(job: Job, report: NotNow): Promise<NotNow & Unavailable> {
    const agent = await this.agentOf(job);
    const unavailable = await this.availability.refuse(identityOf(agent), job.key, {
      ...report,
      program: agent.program,
    });
    return { ...report, ...unavailable };
  }

  /** Notices that the agent of a running job works, so that others need not wait until the job has ended. */
  async seen({ answered }: JobFolder, state: Extract<ProcessState, { is: 'running' }>): Promise<void> {
    if (state.lastOutputAt - state.since < ANSWERED_MS || (await isThere(answered))) return;
    await markAnswered(answered);
  }

  private async agentOf({ role, change }: Pick<Job, 'role' | 'change'>): Promise<AgentIdentity> {
    const agent = agentFor((await this.agentsOf(change)).agents, role);
    if (!agent) return { program: '', secrets: [], env: {}, home: undefined };
    const program = agent.is === 'preset' ? agent.preset : agent.command;
    const env = agent.is === 'command' ? {} : agent.env;
    return {
      program,
      secrets: agent.secrets,
      env,
      home: env['HOME'] ?? this.isolation.homeOf(change.repository, 'agent', change.fork),
    };
  }

  private async trialOf(key: string): Promise<Trial> {
    const paths = jobFolder(this.jobs, safeName(key));
    const { job, report } = (await this.rows.read(key)) ?? {};
    if (report?.is === 'completed' || report?.is === 'failed') return 'available';
    if (await isThere(paths.answered)) return 'available';
    if (report) return 'gone';
    if (!job) return 'unsent';
    const { is } = await stateOf(paths.run);
    if (is === 'running') return 'at-work';
    if (is === 'vanished') return 'gone';
    const { mtimeMs } = await stat(is === 'exited' ? paths.run : paths.folder);
    return Date.now() - mtimeMs < ABANDONED_MS ? 'at-work' : 'gone';
  }
}
