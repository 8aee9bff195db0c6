import type { Closed } from '../../activities/rows/ends.ts';
import type { Described, Problem, Seen, Server } from '../../activities/survey/server.ts';
import type { EnvironmentView, RunOwner } from '../../workflows/contracts/activities.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';

/** An execution on the fake server. */
export interface Made extends Partial<Described> {
  workflowId: string;
  runId: string;
  startedAt?: string;
  waitingOn?: string;
  waitingSince?: string;
  problem?: Problem;
  run?: Partial<RunAnswer>;
  closed?: Closed;
  shownStatus?: string;
  view?: Pick<EnvironmentView, 'holder'>;
}

/** A fake Temporal server with as much as a survey reads. Records the executions about which it was asked. */
export class MadeServer implements Server {
  readonly asked: string[] = [];
  readonly released: { workflowId: string; holder: RunOwner }[] = [];
  down = false;

  constructor(
    readonly executions: Made[] = [],
    /** Whether it lists workflows with failing workflow tasks, as servers from 1.31 on do. */
    private readonly reportsProblems = true,
  ) {}

  async *list(query: string): AsyncIterable<Seen> {
    if (this.down) throw new Error('The server is down.');
    if (query.includes('TemporalReportedProblems') && !this.reportsProblems) {
      throw Object.assign(new Error('wrapped'), { cause: Object.assign(new Error('unknown'), { code: 3 }) });
    }
    for (const each of this.executions.filter((one) => fits(query, one))) yield seenOf(each);
  }

  async describe(workflowId: string): Promise<Described | undefined> {
    this.asked.push(workflowId);
    const found = this.newest(workflowId);
    return found && { status: 'RUNNING', firstRunId: found.runId, activities: [], ...found };
  }

  problem = async (workflowId: string) => this.newest(workflowId)?.problem;

  async run(workflowId: string): Promise<RunAnswer> {
    this.asked.push(`run of ${workflowId}`);
    const { run } = this.newest(workflowId)!;
    if (!run) throw new Error('No worker answers.');
    return run as RunAnswer;
  }

  closed = async (workflowId: string): Promise<Closed> => this.newest(workflowId)!.closed ?? { outcome: 'failed' };

  async environment(workflowId: string): Promise<EnvironmentView> {
    this.asked.push(`environment of ${workflowId}`);
    return this.newest(workflowId)!.view as EnvironmentView;
  }

  async release(workflowId: string, holder: RunOwner): Promise<void> {
    const found = this.newest(workflowId);
    if (!found) throw Object.assign(new Error('not found'), { name: 'WorkflowNotFoundError' });
    this.released.push({ workflowId, holder });
    Object.assign(found, { status: 'COMPLETED' });
  }

  /** The last one added is the newest. */
  private newest = (workflowId: string) => this.executions.findLast((each) => each.workflowId === workflowId);
}

const TYPES = { run: 'pipelineRun', env: 'environment', release: 'releaseWatch' };
const WORDS: Record<string, string> = { RUNNING: 'Running', TERMINATED: 'Terminated', TIMED_OUT: 'TimedOut' };

/** The part of the visibility query language that a survey uses: conditions joined by AND. */
function fits(query: string, made: Made): boolean {
  const values: Record<string, string | undefined> = {
    WorkflowType: TYPES[made.workflowId.split('/')[0] as keyof typeof TYPES],
    WorkflowId: made.workflowId,
    ExecutionStatus: WORDS[made.status ?? 'RUNNING'],
    GatehouseWaitingOn: made.waitingOn,
    GatehouseStatus: made.waitingOn === 'person' ? 'parked' : 'running',
  };
  return query.split(' AND ').every((condition) => {
    const [, since] = /^CloseTime > "(.+)"$/.exec(condition) ?? [];
    if (since) return (made.closedAt ?? '') > since;
    if (condition === 'TemporalReportedProblems IS NOT NULL') return (made.taskAttempt ?? 0) >= 5;
    const [, name, wanted] = /^(\w+) (?:=|IN) (.+)$/.exec(condition)!;
    const value = values[name!];
    return value !== undefined && wanted!.includes(`"${value}"`);
  });
}

function seenOf({ workflowId, runId, status = 'RUNNING', startedAt, closedAt, waitingSince, shownStatus }: Made): Seen {
  return {
    workflowId,
    runId,
    status,
    startedAt: startedAt ?? '2026-01-01T00:00:00.000Z',
    closedAt,
    waitingSince,
    shownStatus,
  };
}
