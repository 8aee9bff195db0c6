import type { Configuration } from '../../configuration/configuration.ts';
import { plain } from '../../processes/text.ts';
import { Redactor } from '../../settings/redacting.ts';
import type { HostedApi, HostedCheck, HostedRepository } from '../api.ts';
import { ForgeFailure, RateLimited } from '../failures.ts';

/** The most characters of a log that are kept: its end. */
const CHARACTERS = 12_000;
const MOST = 100;

/** The ends of red checks' logs, read once each, without terminal escapes and known secrets. */
export class CheckLogs {
  private readonly read = new Map<string, string | undefined>();

  constructor(
    private readonly api: HostedApi,
    private readonly configuration: () => Pick<Configuration, 'secrets'>,
  ) {}

  async of(repository: HostedRepository, check: HostedCheck): Promise<string | undefined> {
    const { kind, id, attempt = 1 } = check.from;
    const key = `${repository.canonical} ${kind} ${id} ${attempt}`;
    if (this.read.has(key)) return this.read.get(key);
    const log = await this.fetch(repository, check);
    if (this.read.size >= MOST) this.read.clear();
    this.read.set(key, log);
    return log;
  }

  /** A log that cannot be had does not keep the verdict waiting. */
  private async fetch(repository: HostedRepository, check: HostedCheck): Promise<string | undefined> {
    const log = await this.api.logOf(repository, check).catch((failure: unknown) => {
      if (failure instanceof ForgeFailure && !(failure instanceof RateLimited)) return undefined;
      throw failure;
    });
    return log === undefined ? undefined : this.redactor().text(plain(log)).slice(-CHARACTERS);
  }

  private redactor(): Redactor {
    const known = Object.entries(this.configuration().secrets).flatMap(([name, reference]) => {
      const read = reference.read();
      return 'value' in read ? [[name, read.value] as const] : [];
    });
    return new Redactor(Object.fromEntries(known));
  }
}
