import { isLater, Superseded } from '../../../activities/adapters/processes/attempts.ts';
import type { Ledger } from '../../../activities/ledger.ts';
import type { AgentUnavailable, Attempt, Executor, JobStatus } from '../../../activities/ports.ts';
import type { BadField, Job, JobReport, Unavailable } from '../../../workflows/contracts/activities.ts';
import type { Change } from '../../../workflows/contracts/change.ts';

/** A fake with the guarantees of a real executor: agents are a function. It records each start, once per key. */
export class InMemoryExecutor implements Executor {
  private readonly reports = new Map<string, JobReport | undefined>();
  private readonly owners = new Map<string, Attempt>();
  private closing = false;
  /** All roles have the same agent here. While it is not available, one job tries it. */
  private outage: (Unavailable & { trial?: string }) | undefined;
  readonly begun: string[] = [];

  constructor(
    private readonly work: (job: Job) => Promise<JobReport>,
    private readonly roles?: readonly string[],
    private readonly ledger?: Ledger,
  ) {}

  async examine(_: Change, roles: string[]): Promise<BadField[]> {
    return roles
      .filter((role) => this.roles?.includes(role) === false)
      .map((role) => ({ path: `.gatehouse.yml:agents.${role}`, expected: 'expected a command' }));
  }

  list = async () => [...this.reports].flatMap(([key, report]) => (report ? [] : [{ key, running: true }]));

  async unavailable({ key }: Pick<Job, 'key'>): Promise<AgentUnavailable | undefined> {
    const { outage } = this;
    if (!outage) return undefined;
    const tried = outage.trial && !this.reports.get(outage.trial) ? outage.trial : undefined;
    const isDue = outage.until === undefined || Date.now() >= Date.parse(outage.until);
    if (tried === key || (!tried && isDue)) {
      outage.trial = key;
      return undefined;
    }
    const { because, until } = outage;
    return { because, ...(until && { until }), ...(tried && { tried }) };
  }

  knows = async (key: string): Promise<boolean> => this.reports.has(key);

  async ensure(job: Job, by?: Attempt): Promise<void> {
    if (this.reports.get(job.key)) return;
    this.mustBeTheirs(job.key, by);
    if (by) this.owners.set(job.key, by);
    if (this.reports.has(job.key)) return;
    if (this.closing) throw new Error('This worker is stopping.');
    this.begun.push(job.key);
    this.ledger?.note({ effect: 'job-started', key: job.key });
    this.reports.set(job.key, undefined);
    void this.work(job).then(
      (report) => this.end(job.key, report),
      (failure: Error) => this.end(job.key, { is: 'failed', because: failure.message }),
    );
  }

  async look(key: string, by?: Attempt): Promise<JobStatus> {
    if (!this.reports.has(key)) return { is: 'evicted', because: 'No such job.', infrastructure: true };
    const report = this.reports.get(key);
    if (!report) this.mustBeTheirs(key, by);
    return report ?? { is: 'running' };
  }

  async stop(key: string, because = 'Somebody stopped it.', by?: Attempt): Promise<boolean> {
    if (this.isSuperseded(key, by)) return false;
    this.end(key, { is: 'stopped', because });
    return true;
  }

  async close(): Promise<void> {
    this.closing = true;
    for (const [key, report] of this.reports) {
      if (!report) this.end(key, { is: 'interrupted', because: 'The local stack was stopped.' });
    }
  }

  private mustBeTheirs(key: string, by: Attempt | undefined): void {
    if (this.isSuperseded(key, by)) throw new Superseded(key);
  }

  private isSuperseded(key: string, by: Attempt | undefined): boolean {
    const owner = this.owners.get(key);
    return by !== undefined && owner !== undefined && isLater(owner, by);
  }

  /** The first end counts: later results of a stopped job change nothing. */
  private end(key: string, report: JobReport): void {
    if (this.reports.get(key) !== undefined) return;
    if (report.is === 'notNow') this.outage = { because: report.because, until: report.until };
    if ((report.is === 'completed' || report.is === 'failed') && this.outage?.trial === key) this.outage = undefined;
    if (this.reports.has(key)) this.ledger?.note({ effect: 'job-ended', key });
    this.reports.set(key, report);
  }
}
