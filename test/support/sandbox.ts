import { fileURLToPath } from 'node:url';
import {
  type ApplicationFailure,
  CancelledFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  TypedSearchAttributes,
} from '@temporalio/common';
import { coresdk } from '@temporalio/proto';
import { DefaultLogger } from '@temporalio/worker';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker.js';
import { WorkflowCodeBundler } from '@temporalio/worker/lib/workflow/bundler.js';
import type { Workflow } from '@temporalio/worker/lib/workflow/interface.js';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm.js';

type Job = coresdk.workflow_activation.IWorkflowActivationJob;
type Command = coresdk.workflow_commands.IWorkflowCommand;
export type World = Record<string, (question: any, call: Call) => unknown>;

export interface Refusal {
  because: string;
  type: string;
  code: string;
  offers: string[];
  visit?: string;
  takenBy?: unknown;
}
export type UpdateAnswer = { ok: any; refused?: never } | { ok?: never; refused: Refusal };
export type Closed =
  | { result: any }
  | { failure: { type: string; message: string; details: any } }
  | { continuedAsNew: any }
  | { cancelled: true };

/** What a person sends who chooses an encoding that the run does not know. */
export const UNREADABLE = Symbol('unreadable');

const to = (value: unknown) =>
  value === UNREADABLE
    ? { metadata: { encoding: Buffer.from('json/protobuf') }, data: Buffer.from('{}') }
    : defaultPayloadConverter.toPayload(value);
const from = (payload?: any) => (payload ? defaultPayloadConverter.fromPayload(payload) : undefined);
const toFailure = (error: unknown) => defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
const fromFailure = (failure: any) =>
  defaultFailureConverter.failureToError(failure, defaultPayloadConverter) as ApplicationFailure;
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let creator: Promise<ReusableVMWorkflowCreator> | undefined;
const theCreator = () =>
  (creator ??= (async () => {
    const bundler = new WorkflowCodeBundler({
      workflowsPath: at('../../workflows/index.ts'),
      payloadConverterPath: at('../../workflows/lib/payload-converter.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    const { code } = await bundler.createBundle();
    return ReusableVMWorkflowCreator.create(parseWorkflowCode(code), 5_000, new Set());
  })());

/** A question to the world that it has not answered yet. */
export interface Call {
  name: string;
  workflowId: string;
  args: any[];
  summary: string;
  cancelRequested: boolean;
  complete(value?: unknown): void;
  fail(error: Error): void;
  acknowledgeCancel(): void;
}

/**
 * Several workflows that signal and start each other in the SDK's own sandbox, in virtual time, without a server. It
 * imports SDK internals, as the SDK's own tests do. It does not check command order as Core does: replay tests do.
 */
export class Cluster {
  readonly executions = new Map<string, Execution>();
  readonly calls = new Set<Call>();
  readonly log: string[] = [];
  now = Date.parse('2026-01-01T00:00:00Z');
  activity = 0;

  constructor(
    /** How the world answers; a name that is missing stays open until the test answers it. */
    readonly world: World = {},
  ) {}

  /** Waits until no workflow and no answer of the world has anything left to say. */
  async settle(): Promise<void> {
    for (let seen = -1; seen !== this.activity;) {
      seen = this.activity;
      for (let turn = 0; turn < 4; turn += 1) {
        await Promise.all([...this.executions.values()].map((each) => each.drained()));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Lets several things happen at once: each workflow hears of its own in one activation. */
  async together(...happen: (() => unknown)[]): Promise<void> {
    await Promise.all(happen.map((each) => each()));
    await this.settle();
  }

  /** Lets time pass; timers fire in order, each seen to its end before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.now + ms;
    for (;;) {
      const due = [...this.executions.values()]
        .flatMap((execution) => execution.timers().map((timer) => ({ execution, ...timer })))
        .filter((timer) => timer.at <= until)
        .sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.now = Math.max(this.now, due.at);
      due.execution.fire(due.seq);
      await this.settle();
    }
    this.now = until;
  }

  async start(
    workflowType: string,
    workflowId: string,
    input: unknown,
    { early = [] as [name: string, arg: unknown][], continued = false, runId = '' } = {},
  ): Promise<Execution> {
    const execution = await Execution.create(this, workflowType, workflowId, input, { early, continued, runId });
    await this.settle();
    return execution;
  }
}

/** One execution of one workflow. */
export class Execution {
  readonly attributes: Record<string, unknown> = {};
  upserts = 0;
  suggestContinueAsNew = false;
  closed: Closed | undefined;

  private pending: Job[] = [];
  private draining: Promise<void> = Promise.resolve();
  private readonly cancels = new Map<number, () => void>();
  private readonly running = new Map<number, number>();
  private readonly waiting = new Map<string, (answer: any) => void>();
  private messages = 0;

  private constructor(
    private readonly vm: Workflow,
    readonly runId: string,
    readonly workflowId: string,
    private readonly cluster: Cluster,
  ) {}

  static async create(
    cluster: Cluster,
    workflowType: string,
    workflowId: string,
    input: unknown,
    { early = [] as [name: string, arg: unknown][], continued = false, runId = '' } = {},
  ): Promise<Execution> {
    const id = runId || `0190-${String(cluster.executions.size + 1).padStart(12, '0')}`;
    const info = {
      workflowType,
      runId: id,
      workflowId,
      namespace: 'default',
      firstExecutionRunId: id,
      ...(continued && { continuedFromExecutionRunId: 'earlier' }),
      attempt: 1,
      taskTimeoutMs: 10_000,
      taskQueue: 'test',
      searchAttributes: {},
      typedSearchAttributes: new TypedSearchAttributes(),
      historyLength: 3,
      historySize: 300,
      continueAsNewSuggested: false,
      targetWorkerDeploymentVersionChanged: false,
      startTime: new Date(cluster.now),
      runStartTime: new Date(cluster.now),
      unsafe: { isReplaying: false, isReplayingHistoryEvents: false, now: Date.now, random: Math.random },
    };
    const vm = await (
      await theCreator()
    ).createWorkflow({
      info,
      randomnessSeed: [1, 2, 3, 4],
      now: cluster.now,
      showStackTraceSources: false,
    } as any);
    const execution = new Execution(vm, id, workflowId, cluster);
    cluster.executions.set(workflowId, execution);
    const args = input === undefined ? [] : [to(input)];
    execution.push(
      { initializeWorkflow: { workflowId, workflowType, arguments: args, randomnessSeed: 1 as any, headers: {} } },
      ...early.map(([name, arg]) => execution.signalJob(name, arg)),
    );
    return execution;
  }

  drained = () => this.draining;
  timers = () => (this.closed ? [] : [...this.running].map(([seq, at]) => ({ seq, at })));

  fire(seq: number): void {
    this.running.delete(seq);
    this.push({ fireTimer: { seq } });
  }

  update(name: string, arg?: unknown): Promise<UpdateAnswer> {
    const id = `u${(this.messages += 1)}`;
    const meta = { identity: 'test' };
    const input = arg === undefined ? [] : [to(arg)];
    const answer = new Promise<UpdateAnswer>((resolve) => this.waiting.set(id, resolve));
    this.push({ doUpdate: { id, protocolInstanceId: id, name, input, headers: {}, meta, runValidator: true } });
    return this.cluster.settle().then(() => answer);
  }

  signal(name: string, arg?: unknown): Promise<void> {
    this.push(this.signalJob(name, arg));
    return this.cluster.settle();
  }

  /** A signal between workflows: nobody waits for what comes of it. */
  receive(name: string, args: any[]): void {
    this.push({ signalWorkflow: { signalName: name, input: args, headers: {}, identity: 'workflow' } });
  }

  query(name: string, arg?: unknown): Promise<any> {
    const queryId = `q${(this.messages += 1)}`;
    const answer = new Promise<any>((resolve, reject) =>
      this.waiting.set(queryId, (said) => (said?.error ? reject(said.error) : resolve(said))),
    );
    const input = arg === undefined ? [] : [to(arg)];
    this.push({ queryWorkflow: { queryId, queryType: name, arguments: input, headers: {} } });
    return answer;
  }

  cancel(): Promise<void> {
    this.push({ cancelWorkflow: { reason: 'test' } });
    return this.cluster.settle();
  }

  /** What the Web UI shows of the run. */
  metadata(): Promise<{
    currentDetails: string;
    definition: { signalDefinitions: { name: string; description: string }[] };
  }> {
    return this.query('__temporal_workflow_metadata');
  }

  private signalJob(signalName: string, arg: unknown): Job {
    return { signalWorkflow: { signalName, input: arg === undefined ? [] : [to(arg)], headers: {}, identity: 'test' } };
  }

  private push(...jobs: Job[]) {
    this.pending.push(...jobs);
    this.cluster.activity += 1;
    this.draining = this.draining.then(() => this.drain());
  }

  private async drain() {
    const jobs = this.pending.splice(0);
    const queries = jobs.filter((job) => job.queryWorkflow);
    const others = jobs.filter((job) => !job.queryWorkflow).sort((a, b) => rank(a) - rank(b));
    if (others.length > 0 && !this.closed) await this.activate(others);
    for (const query of queries) await this.activate([query]);
  }

  private async activate(jobs: Job[]) {
    this.cluster.activity += 1;
    const completion = await this.vm.activate(
      coresdk.workflow_activation.WorkflowActivation.fromObject({
        runId: this.runId,
        timestamp: { seconds: Math.floor(this.cluster.now / 1000), nanos: (this.cluster.now % 1000) * 1e6 } as any,
        jobs,
        isReplaying: false,
        historyLength: 3,
        historySizeBytes: 300,
        continueAsNewSuggested: this.suggestContinueAsNew,
      }),
    );
    if (completion.failed) throw new Error(completion.failed.failure?.message ?? 'activation failed');
    for (const command of completion.successful?.commands ?? []) this.obey(command);
  }

  private obey(c: Command) {
    if (c.scheduleActivity) this.ask(c.scheduleActivity, c.userMetadata);
    else if (c.requestCancelActivity) this.cancels.get(c.requestCancelActivity.seq!)?.();
    else if (c.startTimer)
      this.running.set(c.startTimer.seq!, this.cluster.now + msOf(c.startTimer.startToFireTimeout));
    else if (c.cancelTimer) this.running.delete(c.cancelTimer.seq!);
    else if (c.startChildWorkflowExecution) void this.begin(c.startChildWorkflowExecution);
    else if (c.signalExternalWorkflowExecution) this.tell(c.signalExternalWorkflowExecution);
    else if (c.upsertWorkflowSearchAttributes) {
      this.upserts += 1;
      const fields = c.upsertWorkflowSearchAttributes.searchAttributes?.indexedFields ?? {};
      for (const [name, payload] of Object.entries(fields)) this.attributes[name] = from(payload);
    } else if (c.updateResponse) {
      const { protocolInstanceId, rejected, completed } = c.updateResponse;
      if (rejected) this.reply(protocolInstanceId!, { refused: refusal(rejected) });
      else if (completed) this.reply(protocolInstanceId!, { ok: from(completed) });
    } else if (c.respondToQuery) {
      const { queryId, succeeded, failed } = c.respondToQuery;
      this.reply(queryId!, succeeded ? from(succeeded.response) : { error: fromFailure(failed) });
    } else if (c.completeWorkflowExecution) this.closed = { result: from(c.completeWorkflowExecution.result) };
    else if (c.failWorkflowExecution) {
      const { type, message, details } = fromFailure(c.failWorkflowExecution.failure);
      this.closed = { failure: { type: type!, message, details: details?.[0] } };
    } else if (c.cancelWorkflowExecution) this.closed = { cancelled: true };
    else if (c.continueAsNewWorkflowExecution) {
      this.closed = { continuedAsNew: from(c.continueAsNewWorkflowExecution.arguments?.[0]) };
    }
  }

  private reply(id: string, answer: unknown) {
    this.waiting.get(id)!(answer);
  }

  private async begin({
    seq,
    workflowId,
    workflowType,
    input,
  }: coresdk.workflow_commands.IStartChildWorkflowExecution): Promise<void> {
    const there = this.cluster.executions.get(workflowId!);
    if (there && !there.closed) {
      const failed = { workflowId: workflowId!, workflowType: workflowType!, cause: ALREADY_EXISTS };
      return this.push({ resolveChildWorkflowExecutionStart: { seq: seq!, failed } });
    }
    this.cluster.activity += 1;
    const child = await Execution.create(this.cluster, workflowType!, workflowId!, from(input?.[0]));
    this.push({ resolveChildWorkflowExecutionStart: { seq: seq!, succeeded: { runId: child.runId } } });
  }

  private tell({
    seq,
    workflowExecution,
    signalName,
    args,
  }: coresdk.workflow_commands.ISignalExternalWorkflowExecution) {
    const there = this.cluster.executions.get(workflowExecution!.workflowId!);
    const open = there && !there.closed;
    if (open) there.receive(signalName!, args ?? []);
    const failure = open ? {} : { failure: toFailure(new Error('not found')) };
    this.push({ resolveSignalExternalWorkflow: { seq: seq!, ...failure } });
  }

  private ask(
    { seq, activityType, arguments: payloads, cancellationType }: coresdk.workflow_commands.IScheduleActivity,
    metadata: any,
  ) {
    const name = activityType!;
    const { world, calls, log } = this.cluster;
    log.push(name);

    let heard = true;
    const resolve = (result: coresdk.activity_result.IActivityResolution) => {
      if (heard) this.push({ resolveActivity: { seq: seq!, result } });
      heard = false;
    };
    const end = (result: coresdk.activity_result.IActivityResolution) => {
      if (calls.delete(call)) resolve(result);
    };
    const cancelled = { cancelled: { failure: activityFailure(name, new CancelledFailure('cancelled')) } };
    const call: Call = {
      name,
      workflowId: this.workflowId,
      args: (payloads ?? []).map(from),
      summary: String(from(metadata?.summary) ?? ''),
      cancelRequested: false,
      complete: (value) => {
        end({ completed: { result: to(value ?? null) } });
        if (name === 'cancelRun') this.push({ cancelWorkflow: { reason: 'asked by the run itself' } });
      },
      fail: (error) => end({ failed: { failure: activityFailure(name, error) } }),
      acknowledgeCancel: () => {
        log.push(`${name} cancelled`);
        end(cancelled);
      },
    };
    calls.add(call);
    this.cancels.set(seq!, () => {
      call.cancelRequested = true;
      if (cancellationType === WAIT_CANCELLATION_COMPLETED) {
        if (world[name]) call.acknowledgeCancel();
        return;
      }
      resolve(cancelled); // the world goes on, and what comes of it is never heard of
      if (world[name]) calls.delete(call);
    });
    const answer = world[name];
    if (answer) void (async () => answer(call.args[0], call))().then(call.complete, call.fail);
  }
}

const { WAIT_CANCELLATION_COMPLETED } = coresdk.workflow_commands.ActivityCancellationType;
const ALREADY_EXISTS =
  coresdk.child_workflow.StartChildWorkflowExecutionFailedCause
    .START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS;

const msOf = (duration: any) => Number(duration?.seconds ?? 0) * 1_000 + Number(duration?.nanos ?? 0) / 1e6;

/** Core hands a run its messages before anything else that has happened. */
const rank = (job: Job): number => (job.initializeWorkflow ? 0 : job.signalWorkflow || job.doUpdate ? 1 : 2);

function refusal(failure: any): Refusal {
  const { message, type, details } = fromFailure(failure);
  return { because: message, type: type!, ...(details?.[0] as any) };
}

const activityFailure = (name: string, error: Error) => ({
  message: 'Activity task failed',
  cause: toFailure(error),
  activityFailureInfo: { activityType: { name }, activityId: '1', identity: 'test', retryState: 1 },
});
