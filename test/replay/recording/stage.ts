import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { heartbeating } from '../../../activities/waiting/heartbeating.ts';
import { createActivities } from '../../../activities/index.ts';
import type { Ports } from '../../../activities/ports.ts';
import { Refused, Unreachable } from '../../../client/errors.ts';
import { scriptedAnswerTo } from '../../../client/offline/scripted-answers.ts';
import type { World } from '../../../client/offline/sandbox/wire.ts';
import { Script } from '../../../client/offline/script.ts';
import { worldOf } from '../../../client/offline/world.ts';
import { Runs } from '../../../client/runs.ts';
import type { ActionName } from '../../../workflows/contracts/messages.ts';
import type { RunAnswer } from '../../../workflows/contracts/reading.ts';
import type { Case } from '../cases.ts';

const LIMIT_MS = 300_000;
const LOOK_MS = 200;
const BEAT_MS = 20;
/** A commit by somebody else. */
const FOREIGN = { commit: 'f'.repeat(40), author: 'Bo', email: 'bo@shop.example' };

export const REPOSITORY = '/srv/shop.git';

/** One case as it is played on a real server: its scripted world, and what people and the world do. */
export class Stage {
  readonly workflowId: string;
  /** The first execution of every chain that was started, in order. */
  readonly begun: string[] = [];
  readonly runs: Runs;
  private readonly world: World;
  private readonly calls = new Map<string, number>();
  private readonly held = new Set<string>();
  private foreign: { over: string | undefined } | undefined;
  private state: 'open' | 'merged' | 'closed' = 'open';
  private dead: string | undefined;
  private readonly done = new Set<string>();
  private said = 0;

  constructor(
    readonly each: Case,
    readonly client: Client,
    private readonly taskQueue: string,
  ) {
    this.workflowId = `run/default/${each.name}`;
    this.runs = new Runs(client, taskQueue);
    const clock = { wait: () => pause(5), now: Infinity, executions: new Map() };
    const place = { repository: REPOSITORY, base: 'main', branch: `gatehouse/${each.name}` };
    this.world = worldOf(Script.parse(each.script ?? {}), () => clock as never, place);
  }

  /** Answers an activity: as the case overrides it, as the stage's state requires, or as the script says. */
  async answer(name: string, question: any, signal: AbortSignal): Promise<unknown> {
    for (const label of labelsOf(name, question)) this.calls.set(label, (this.calls.get(label) ?? 0) + 1);
    while (labelsOf(name, question).some((label) => this.held.has(label))) await pause(BEAT_MS, undefined, { signal });
    const usual = async () => this.usual(name, question, signal);
    const own = this.each.world?.[name];
    return own ? own({ question, usual, stage: this }) : usual();
  }

  private async usual(name: string, question: any, signal: AbortSignal): Promise<unknown> {
    switch (name) {
      case 'changeMoved':
        for (;;) {
          const look: any = this.seen(this.world['lookAtChange']!(question, undefined as never));
          if (look.state !== 'open' || look.head !== question.known) return look;
          await pause(BEAT_MS, undefined, { signal });
        }
      case 'environmentEnded': {
        while (this.dead === undefined) await pause(BEAT_MS, undefined, { signal });
        const because = this.dead;
        this.dead = undefined;
        return { is: 'gone', because };
      }
      case 'lookAtChange':
      case 'settledChecks':
      case 'settledMergeability':
        return this.seen(await this.world[name]!(question, undefined as never));
      default:
        return this.world[name]!(question, undefined as never);
    }
  }

  private seen(look: any): unknown {
    const foreign = this.foreign && look.head === this.foreign.over ? { head: FOREIGN.commit } : {};
    const merged = this.state === 'merged' ? { mergeCommit: 'e'.repeat(40) } : {};
    return { ...look, ...foreign, ...merged, foreign: this.foreign ? [FOREIGN] : [], state: this.state };
  }

  hold = (...labels: string[]) => labels.forEach((label) => this.held.add(label));
  letGo = (...labels: string[]) => labels.forEach((label) => this.held.delete(label));
  /** Whether this is the first call with this name. */
  once = (what: string): boolean => !this.done.has(what) && this.done.add(what).size > 0;
  /** Somebody else commits to the work branch. */
  commit = () => {
    this.foreign = { over: (this.world['lookAtChange']!(undefined, undefined as never) as { head?: string }).head };
  };
  /** Somebody merges or closes the change on the forge. */
  byHand = (state: 'merged' | 'closed') => void (this.state = state);
  /** The live environment ends by itself. */
  die = (because: string) => void (this.dead = because);

  /** Waits until an activity has been called this many times, by its name, or by its name and role. */
  began = (label: string, times = 1) => until(`${label} is called`, () => (this.calls.get(label) ?? 0) >= times);

  async start(workflowId = this.workflowId, type = 'pipelineRun'): Promise<void> {
    const { task, ...input } = this.each.input ?? {};
    const wish = {
      task: { id: this.each.name, title: 'Show totals with tax', ...(task as object) },
      change: { repository: REPOSITORY },
      pipeline: { name: 'recorded', steps: this.each.steps },
      startedBy: 'ana',
      ...input,
    };
    const options = { workflowId, taskQueue: this.taskQueue, args: [this.each.raw ?? wish] };
    const handle = await this.client.workflow.start(type, options);
    this.begun.push(`${workflowId} ${handle.firstExecutionRunId}`);
  }

  /** Retries the closed run, as a person would. */
  async retry(from?: number): Promise<void> {
    // A busy machine may not answer in time: then the request is repeated.
    const { runId } = await until('a retry', () =>
      this.runs.retry(this.workflowId, from === undefined ? {} : { from }).catch(unlessSilent),
    );
    this.begun.push(`${this.workflowId} ${runId}`);
  }

  /** Acts as a person. Throws if the action is refused. */
  async say(action: ActionName, said: Record<string, unknown> = {}, workflowId = this.workflowId): Promise<void> {
    const actionId = `${this.each.name}-${(this.said += 1)}`;
    await this.runs.act(workflowId, action, { by: 'ana', actionId, ...said });
  }

  signal = (name: string, said?: unknown, workflowId = this.workflowId) =>
    this.client.workflow.getHandle(workflowId).signal(name, ...(said === undefined ? [] : [said]));

  /** Waits until it has continued as new. */
  continued = (workflowId = this.workflowId) =>
    until(`${workflowId} continues as new`, async () => {
      const { runId, raw } = await this.client.workflow.getHandle(workflowId).describe();
      return raw.workflowExecutionInfo!.firstRunId !== runId;
    });

  /** Sends an upgrade signal, and waits until it has moved. */
  async asked(workflowId = this.workflowId): Promise<void> {
    await this.signal('_upgrade', {}, workflowId);
    await this.continued(workflowId);
  }

  look = (workflowId = this.workflowId): Promise<RunAnswer | undefined> =>
    this.runs.run(workflowId).catch(() => undefined);

  seenAs = (what: string, holds: (run: RunAnswer) => boolean, workflowId = this.workflowId): Promise<RunAnswer> =>
    until(`${this.each.name}: ${what}`, async () => {
      const run = await this.look(workflowId);
      return run && holds(run) ? run : undefined;
    });

  parked = (kind?: string, workflowId?: string) =>
    this.seenAs(
      `parked${kind ? ` at ${kind}` : ''}`,
      ({ status, current }) => status === 'parked' && (!kind || current?.kind === kind),
      workflowId,
    );

  closed = (workflowId = this.workflowId) =>
    until(`${workflowId} is closed`, async () => (await this.statusOf(workflowId)) !== 'RUNNING');

  /** Temporal's status of the workflow. Undefined if it does not exist. */
  statusOf = (workflowId = this.workflowId): Promise<string | undefined> =>
    this.client.workflow
      .getHandle(workflowId)
      .describe()
      .then(({ status }) => status.name)
      .catch(() => undefined);

  /** Lets it run to its end: a person agrees to whatever is asked. */
  async finish(workflowId = this.workflowId): Promise<void> {
    const acts = async () => {
      if ((await this.statusOf(workflowId)) !== 'RUNNING') return true;
      const run = await this.look(workflowId);
      const answer =
        run?.status === 'parked' &&
        scriptedAnswerTo(
          run.current,
          run.waitingOn.offers.filter((offer) => offer !== 'reviewAgain'),
        );
      if (answer) await this.say(answer.action, answer.said, workflowId).catch(unlessRefused);
      return false;
    };
    await until(`${workflowId} ends`, acts);
  }
}

/** Ignores refusals: another action came first, or the run has moved on. */
const unlessRefused = (failure: unknown) => {
  if (!(failure instanceof Refused)) throw failure;
};

const unlessSilent = (failure: unknown) => {
  if (!(failure instanceof Unreachable)) throw failure;
  return undefined;
};

const labelsOf = (name: string, question: any): string[] =>
  typeof question?.role === 'string' ? [name, `${name} ${question.role}`] : [name];

/** Polls until the function returns something. Throws with `what` if it never does. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + LIMIT_MS; ;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`timed out waiting for: ${what}`);
    await pause(LOOK_MS);
  }
}

/** Activities that ask the server itself are answered as in production. */
const PRODUCTION = [
  'readClosed',
  'environmentSettled',
  'lookAtEnvironment',
  'holderClosed',
  'cancelRun',
  'startDependents',
];

/** Every activity, answered by the stage of its task. Dependents are on the stage of the task that starts them. */
export function activitiesOn(stages: ReadonlyMap<string, Stage>, taskQueue: string): object {
  const production = createActivities({} as Ports, { lookMs: 1_000, taskQueue });
  const staged = Object.keys(production).map((name) => [
    name,
    (question: any) => {
      const { info, cancelled, cancellationSignal } = Context.current();
      const task = info
        .workflowExecution!.workflowId.split('/')
        .at(-1)!
        .replace(/\.next$/, '');
      const answer = stages.get(task)!.answer(name, question, cancellationSignal);
      // A cancelled activity ends at once, whatever its stage was waiting for.
      return Promise.race([
        answer.catch((failure) => (cancellationSignal.aborted ? cancelled : Promise.reject(failure))),
        cancelled,
      ]);
    },
  ]);
  const own = PRODUCTION.map((name) => [name, production[name as keyof typeof production]]);
  return { ...heartbeating(Object.fromEntries(staged)), ...Object.fromEntries(own) };
}
