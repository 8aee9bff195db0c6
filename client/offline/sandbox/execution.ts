import type { Workflow } from '@temporalio/worker/lib/workflow/interface.js';
import { ask } from './activity-calls.ts';
import { beginChild, signalOther } from './children.ts';
import { infoOf, machineFor } from './machine.ts';
import type { Surroundings } from './surroundings.ts';
import {
  beginning,
  coresdk,
  from,
  fromFailure,
  msOf,
  rank,
  refusal,
  to,
  type Closed,
  type Command,
  type Job,
  type Refusal,
  type UpdateAnswer,
} from './wire.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- what crosses this wire is JSON of any shape */

/** The refusal of an update to an ended run. */
const ENDED: Refusal = { because: 'The run has ended.', type: 'NotFound', code: 'closed', offers: [] };

export interface Options {
  /** Signals that arrive before the workflow's first task. */
  early?: [name: string, arg: unknown][];
  continued?: boolean;
  runId?: string;
  /** The result of the previous execution, if a schedule starts one after another. */
  lastResult?: unknown;
}

/** One workflow: its execution, and those that continue it as new. */
export class Execution {
  readonly attributes: Record<string, unknown> = {};
  upserts = 0;
  suggestContinueAsNew = false;
  closed: Closed | undefined;
  /** The inputs with which its executions continued as new, oldest first. */
  readonly handed: any[] = [];
  taskQueue: string | undefined;
  /** Called between two executions. Messages that it sends arrive before the next one's first task. */
  between: () => void = () => undefined;

  private pending: Job[] = [];
  private draining: Promise<void> = Promise.resolve();
  readonly cancels = new Map<number, () => void>();
  private readonly running = new Map<number, number>();
  private readonly waiting = new Map<string, (answer: any) => void>();
  private messages = 0;
  private constructor(
    private vm: Workflow,
    public runId: string,
    readonly workflowType: string,
    readonly workflowId: string,
    readonly cluster: Surroundings,
    private readonly firstRunId: string,
    /** The input of the current execution. */
    public input: unknown,
  ) {}

  static async create(
    cluster: Surroundings,
    workflowType: string,
    workflowId: string,
    input: unknown,
    { early = [], continued = false, runId = '', lastResult }: Options = {},
  ): Promise<Execution> {
    const begun = cluster.executions.size + cluster.earlier.length;
    const id = runId || `0190-${String(begun + 1).padStart(12, '0')}`;
    const info = infoOf(cluster, { workflowType, workflowId, runId: id, firstRunId: id, continued });
    const vm = await machineFor(cluster, info);
    const execution = new Execution(vm, id, workflowType, workflowId, cluster, id, input);
    const before = cluster.executions.get(workflowId);
    if (before) cluster.earlier.push(before);
    cluster.executions.set(workflowId, execution);
    execution.push(
      beginning(execution, input, lastResult),
      ...early.map(([name, arg]) => execution.signalJob(name, arg)),
    );
    return execution;
  }

  /** Continues as new: drops the open calls and timers, and hands pending messages to the next execution. */
  private async goOn(input: unknown): Promise<void> {
    const { cluster, workflowType, workflowId, firstRunId, taskQueue } = this;
    this.handed.push(input);
    this.input = input;
    this.suggestContinueAsNew = false;
    this.runId = `${firstRunId}-${this.handed.length}`;
    for (const call of cluster.calls) if (call.workflowId === workflowId) cluster.calls.delete(call);
    for (const each of [this.cancels, this.running]) each.clear();
    const own = { workflowType, workflowId, runId: this.runId, firstRunId, continued: true, taskQueue };
    this.vm = await machineFor(cluster, infoOf(cluster, own));
    const sent = this.pending.filter(
      (job) => job.signalWorkflow || job.doUpdate || job.queryWorkflow || job.cancelWorkflow,
    );
    this.pending.splice(0);
    this.push(beginning(this, input), ...sent);
    this.between();
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

  /** Receives a signal from another workflow, without waiting for its effects. */
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

  /** The metadata that the Web UI shows. */
  metadata(): Promise<{
    currentDetails: string;
    definition: { signalDefinitions: { name: string; description: string }[] };
  }> {
    return this.query('__temporal_workflow_metadata');
  }

  private signalJob(signalName: string, arg: unknown): Job {
    return { signalWorkflow: { signalName, input: arg === undefined ? [] : [to(arg)], headers: {}, identity: 'test' } };
  }

  push(...jobs: Job[]) {
    this.pending.push(...jobs);
    this.cluster.activity += 1;
    this.draining = this.draining.then(() => this.drain());
  }

  private async drain() {
    const jobs = this.pending.splice(0);
    const queries = jobs.filter((job) => job.queryWorkflow);
    const others = jobs.filter((job) => !job.queryWorkflow).sort((a, b) => rank(a) - rank(b));
    if (others.length > 0 && !this.closed) await this.activate(others);
    else for (const { doUpdate } of others) if (doUpdate) this.reply(doUpdate.id!, { refused: ENDED });
    if (this.pending.some((job) => job.initializeWorkflow)) this.push(...queries);
    else for (const query of queries) await this.activate([query]);
  }

  private async activate(jobs: Job[]) {
    this.cluster.activity += 1;
    const completion = await this.vm.activate(
      coresdk.workflow_activation.WorkflowActivation.fromObject({
        runId: this.runId,
        timestamp: { seconds: Math.floor(this.cluster.now / 1000), nanos: (this.cluster.now % 1000) * 1e6 } as any,
        jobs,
        isReplaying: false,
        historyLength: this.cluster.activity,
        historySizeBytes: 300,
        continueAsNewSuggested: this.suggestContinueAsNew,
      }),
    );
    if (completion.failed) throw new Error(completion.failed.failure?.message ?? 'activation failed');
    for (const command of completion.successful?.commands ?? []) this.obey(command);
    const onward = completion.successful?.commands?.find((each) => each.continueAsNewWorkflowExecution);
    if (!onward) return;
    this.taskQueue = onward.continueAsNewWorkflowExecution!.taskQueue ?? this.taskQueue;
    await this.goOn(from(onward.continueAsNewWorkflowExecution!.arguments?.[0]));
  }

  private obey(c: Command) {
    if (c.scheduleActivity) ask(this, c.scheduleActivity, c.userMetadata);
    else if (c.requestCancelActivity) this.cancels.get(c.requestCancelActivity.seq!)?.();
    else if (c.scheduleLocalActivity) ask(this, c.scheduleLocalActivity, c.userMetadata, { local: true });
    else if (c.requestCancelLocalActivity) this.cancels.get(c.requestCancelLocalActivity.seq!)?.();
    else if (c.startTimer)
      this.running.set(c.startTimer.seq!, this.cluster.now + msOf(c.startTimer.startToFireTimeout));
    else if (c.cancelTimer) this.running.delete(c.cancelTimer.seq!);
    else if (c.startChildWorkflowExecution) void beginChild(this, c.startChildWorkflowExecution, this.create);
    else if (c.signalExternalWorkflowExecution) signalOther(this, c.signalExternalWorkflowExecution);
    else if (c.upsertWorkflowSearchAttributes) {
      this.upserts += 1;
      const fields = c.upsertWorkflowSearchAttributes.searchAttributes?.indexedFields ?? {};
      for (const [name, payload] of Object.entries(fields)) this.attributes[name] = from(payload);
    } else if (c.updateResponse) {
      const { protocolInstanceId: id, rejected, completed } = c.updateResponse;
      if (rejected || completed) this.reply(id!, rejected ? { refused: refusal(rejected) } : { ok: from(completed) });
    } else if (c.respondToQuery) {
      const { queryId, succeeded, failed } = c.respondToQuery;
      this.reply(queryId!, succeeded ? from(succeeded.response) : { error: fromFailure(failed) });
    } else if (c.completeWorkflowExecution) this.closed = { result: from(c.completeWorkflowExecution.result) };
    else if (c.failWorkflowExecution) {
      const { type, message, details } = fromFailure(c.failWorkflowExecution.failure);
      this.closed = { failure: { type: type!, message, details: details?.[0] } };
    } else if (c.cancelWorkflowExecution) this.closed = { cancelled: true };
  }

  private create = (type: string, id: string, input: unknown) => Execution.create(this.cluster, type, id, input);

  private reply(id: string, answer: unknown) {
    this.waiting.get(id)!(answer);
  }
}
