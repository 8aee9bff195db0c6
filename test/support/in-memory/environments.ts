import type { Ledger } from '../../../activities/ledger.ts';
import type { Environments } from '../../../activities/ports.ts';
import type { EnvironmentRequest, EnvironmentReport } from '../../../workflows/contracts/activities.ts';

/** A fake with the guarantees of a real provider: environments are records only. */
export class InMemoryEnvironments implements Environments {
  private readonly environments = new Map<string, EnvironmentReport>();
  private readonly removed = new Set<string>();
  readonly begun: string[] = [];

  /** `reportOf` decides how an environment starts. */
  constructor(
    private readonly reportOf: (request: EnvironmentRequest) => EnvironmentReport = live,
    private readonly ledger?: Ledger,
  ) {}

  examine = async () => ({ configured: true, fields: [] });

  async ensure(request: EnvironmentRequest): Promise<void> {
    if (this.environments.has(request.key) || this.removed.has(request.key)) return;
    this.begun.push(request.key);
    this.ledger?.note({ effect: 'environment-created', key: request.key });
    this.environments.set(request.key, this.reportOf(request));
  }

  list = async (): Promise<string[]> => [...this.environments.keys()];

  look = async (key: string): Promise<EnvironmentReport> => this.environments.get(key) ?? { is: 'gone' };

  async remove(key: string): Promise<void> {
    this.removed.add(key);
    if (this.environments.delete(key)) this.ledger?.note({ effect: 'environment-destroyed', key });
  }

  /** Lets an environment die by itself. */
  die(key: string, because: string): void {
    this.environments.set(key, { is: 'gone', because });
  }
}

const live = ({ key }: EnvironmentRequest): EnvironmentReport => ({
  is: 'live',
  url: `http://${encodeURIComponent(key)}.test`,
});
