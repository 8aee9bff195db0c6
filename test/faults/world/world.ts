import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { InMemoryMeter, InMemoryReleases, InMemoryTexts, InMemoryTracker } from '../../support/in-memory/store.ts';
import { InMemoryEnvironments } from '../../support/in-memory/environments.ts';
import { InMemoryExecutor } from '../../support/in-memory/executor.ts';
import { InMemoryForge } from '../../support/in-memory/forge.ts';
import { InMemoryNotifier } from '../../support/in-memory/notifier.ts';
import { fileLedger } from '../../../activities/adapters/file-ledger.ts';
import type { Checks, Ports } from '../../../activities/ports.ts';
import { GOOD_OUTPUTS } from '../../../client/offline/world.ts';
import type { EnvironmentRequest, Job, JobReport, EnvironmentReport } from '../../../workflows/contracts/activities.ts';
import type { Asked, WorldScript } from './script.ts';

const JOB_MS = 150;
const FIRST_FILES = { 'README.md': 'the shop', 'shared.txt': 'as it was' };

/** A forge with slow checks. */
class SlowForge extends InMemoryForge {
  private readonly asked = new Map<string, number>();
  checksMs = 0;

  override async checks(...question: Parameters<InMemoryForge['checks']>): Promise<Checks> {
    const [, head] = question;
    const since = this.asked.get(head) ?? Date.now();
    this.asked.set(head, since);
    const report = await super.checks(...question);
    if (Date.now() - since >= this.checksMs) return report;
    return { ...report, ended: [], running: report.ended.map(({ name }) => name) };
  }
}

/** All repositories of a test and the fakes that serve them. They outlive every worker that uses them. */
export class World {
  private readonly forges = new Map<string, SlowForge>();
  private readonly scripts = new Map<string, WorldScript>();
  private readonly turns = new Map<string, number>();
  private readonly beganAt = new Map<string, number>();
  readonly ports: Omit<Ports, 'forge'>;
  private readonly ledger;

  constructor(
    ledgerFile: string,
    private readonly journalFile: string,
  ) {
    this.ledger = fileLedger(ledgerFile);
    const { ledger } = this;
    this.ports = {
      executor: new InMemoryExecutor((job) => this.work(job), undefined, ledger),
      environments: this.environments(),
      notifier: new InMemoryNotifier(ledger),
      tracker: new InMemoryTracker(ledger),
      meter: new InMemoryMeter(ledger),
      texts: new InMemoryTexts(),
      releases: {
        examine: async () => ({ configured: true }),
        look: (change, commit) => this.releasesOf(change.repository).look(change, commit),
      },
    };
  }

  open(repository: string, script: WorldScript): void {
    const { checks = 'green', checksMs = 0 } = script;
    const judges = checks === 'none' ? {} : { test: (files: object) => checks === 'green' || 'mended.txt' in files };
    const forge = new SlowForge(repository, FIRST_FILES, judges, this.ledger);
    forge.checksMs = checksMs;
    this.forges.set(repository, forge);
    this.scripts.set(repository, script);
  }

  /** The forge of a repository. The forge of an unknown repository refuses every call. */
  forge(repository: string): InMemoryForge {
    return this.forges.get(repository) ?? new InMemoryForge('nowhere', FIRST_FILES);
  }

  private environments() {
    const reportOf = (request: EnvironmentRequest): EnvironmentReport => ({
      is: 'live',
      url: `http://${encodeURIComponent(request.key)}.test`,
    });
    const environments = new InMemoryEnvironments(reportOf, this.ledger);
    const look = environments.look;
    const slow = async (key: string): Promise<EnvironmentReport> => {
      const seen = await look(key);
      const [repository = '', since = 0] = [this.siteOf.get(key), this.beganAt.get(key)];
      const { provisionMs = 0 } = this.scripts.get(repository) ?? {};
      return seen.is === 'live' && Date.now() - since < provisionMs ? { is: 'provisioning' } : seen;
    };
    return {
      examine: environments.examine,
      ensure: (request: EnvironmentRequest) => {
        this.siteOf.set(request.key, request.change.repository);
        if (!this.beganAt.has(request.key)) this.beganAt.set(request.key, Date.now());
        return environments.ensure(request);
      },
      look: slow,
      remove: (key: string) => environments.remove(key),
      list: environments.list,
    };
  }
  private readonly siteOf = new Map<string, string>();

  private releasesOf(repository: string): InMemoryReleases {
    const state = this.scripts.get(repository)?.signals ?? 'ok';
    return new InMemoryReleases(() => [{ id: 'errors', state }]);
  }

  /** Plays an agent: waits, commits the files of its role, and returns its output. */
  private async work(job: Job): Promise<JobReport> {
    const { key, role, mode, change } = job;
    const script = this.scripts.get(change.repository) ?? {};
    const forge = this.forge(change.repository);
    this.write({
      at: new Date().toISOString(),
      key,
      role,
      words: [job.brief, JSON.stringify(job.revision ?? '')].join('\n'),
    });
    await pause(this.ofTurn(script.jobMs, change.repository, role) ?? JOB_MS);
    // The job was stopped meanwhile, so its further work changes nothing.
    if ((await this.ports.executor.look(key)).is !== 'running') return { is: 'stopped', because: 'It was stopped.' };
    const before = forge.branches.get(change.branch);
    if (mode === 'write') forge.commit(change.branch, filesOf(role, key), { author: 'agent', ours: true });
    if (mode === 'resolve') await this.resolve(forge, job);
    const moves = script.baseMoves;
    if (moves?.during === role && this.once(`moves ${change.repository}`)) {
      forge.commit(
        change.base,
        moves.conflict ? { 'shared.txt': 'by somebody else' } : { 'other.txt': 'by somebody else' },
      );
    }
    const head = forge.branches.get(change.branch);
    const output = script.outputs?.[role] ? this.ofTurn(script.outputs, change.repository, role) : GOOD_OUTPUTS[role];
    return {
      is: 'completed',
      summary: `The ${role} is done.`,
      changed: head !== before,
      foreign: [],
      usage: { costCents: 1 },
      ...(head && { head }),
      ...(output !== undefined && { output }),
    };
  }

  private async resolve(forge: InMemoryForge, { change }: Job): Promise<void> {
    const theirs = forge.commits.filesOf(forge.branches.get(change.base)!);
    forge.commit(change.branch, { 'shared.txt': theirs['shared.txt']! }, { author: 'agent', ours: true });
    await forge.updateFromBase(change);
  }

  /** The entry of a role's list for its present turn. */
  private ofTurn<T>(said: Readonly<Record<string, readonly T[]>> | undefined, repository: string, role: string) {
    const turns = said?.[role];
    const kind = typeof turns?.[0];
    return turns?.[Math.min(this.turn(`${kind} ${repository} ${role}`), turns.length - 1)];
  }

  private turn(name: string): number {
    const turn = this.turns.get(name) ?? 0;
    this.turns.set(name, turn + 1);
    return turn;
  }

  private once = (name: string) => this.turn(name) === 0;
  private write = (asked: Asked) => appendFileSync(this.journalFile, `${JSON.stringify(asked)}\n`);
}

/**
 * The files that a job writes. Each job writes a different file, so that it makes a commit. A coder also writes a file
 * that others may change.
 */
const filesOf = (role: string, key: string): Record<string, string> => ({
  [`${role}.txt`]: key,
  ...(role === 'coder' && { 'shared.txt': 'by the coder' }),
  ...(role.endsWith('fixer') && { 'mended.txt': key }),
});
