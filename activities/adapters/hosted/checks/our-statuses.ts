import { PASSING } from '../../../../workflows/contracts/reports.ts';
import type { Checks } from '../../../ports.ts';
import type { HostedApi, HostedRepository, OurStatus } from '../api.ts';
import { NotThere, PermissionMissing, Refused } from '../failures.ts';

/** The context of the status that says where a run stands. The checks that we run are below it. */
export const OURS = 'gatehouse';
const MOST = 10_000;

/** Reports the checks that we run as statuses of their commits: each state once. */
export class OurStatuses {
  private readonly reported = new Map<string, OurStatus['state']>();

  constructor(
    private readonly api: HostedApi,
    private readonly log: (fields: object, message: string) => void,
  ) {}

  async report(repository: HostedRepository, head: string, { ended, running }: Checks): Promise<void> {
    const statuses: OurStatus[] = [
      ...running.map((name) => ({ context: `${OURS}/${name}`, state: 'pending', description: 'running' }) as const),
      ...ended.map(({ name, conclusion }) => ({
        context: `${OURS}/${name}`,
        state: PASSING.has(conclusion) ? ('success' as const) : ('failure' as const),
        description: conclusion,
      })),
    ];
    for (const status of statuses) {
      const key = `${repository.canonical} ${head} ${status.context}`;
      if (this.reported.get(key) === status.state) continue;
      await this.set(repository, head, status);
      if (this.reported.size >= MOST) this.reported.clear();
      this.reported.set(key, status.state);
    }
  }

  /** The forge may refuse it: we may not report, or it does not know the commit. The verdict is ours all the same. */
  async set(repository: HostedRepository, head: string, status: OurStatus): Promise<void> {
    try {
      await this.api.setStatus(repository, head, status);
    } catch (failure) {
      const isRefused = [PermissionMissing, NotThere, Refused].some((kind) => failure instanceof kind);
      if (!isRefused) throw failure;
      this.log({ repository: repository.canonical, head, err: failure }, 'the forge does not take our status');
    }
  }
}
