import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { Refused } from '../../client/errors.ts';
import type { Runs } from '../../client/runs.ts';
import { signalOf, type ActionName } from '../../workflows/contracts/messages.ts';

interface Pipeline {
  name: string;
  steps: object[];
  /** Actions after which it is parked again at the same step, and the action that ends it. */
  acts: [ActionName, object][];
  ends: [ActionName, object];
}

/** One pipeline for each kind of park that may wait for long. None merges without a person. */
export const PIPELINES: Pipeline[] = [
  {
    name: 'human-test',
    steps: [{ kind: 'coder' }, { kind: 'human-test', fixes: 9 }],
    acts: [
      ['requestFix', { findings: 'It is wrong.' }],
      ['recreateEnvironment', {}],
    ],
    ends: ['confirm', {}],
  },
  {
    name: 'approval',
    steps: [{ kind: 'architect', approval: true }, { kind: 'coder' }],
    acts: [['requestChanges', { feedback: 'More.' }]],
    ends: ['approve', {}],
  },
  {
    name: 'review',
    steps: [{ kind: 'requirements-review' }, { kind: 'coder' }],
    acts: [
      ['answerFinding', { finding: 'f-1', reply: 'Yes.' }],
      ['dismissFinding', { finding: 'f-2' }],
      ['requestRecommendations', {}],
    ],
    ends: ['proceed', {}],
  },
  {
    name: 'merge-review',
    steps: [{ kind: 'coder' }, { kind: 'merger' }],
    acts: [['pause', {}]],
    ends: ['merge', {}],
  },
];

export interface Said {
  workflowId: string;
  actionId: string;
  /** The answer to the sender. `queued`: it was sent as a signal, which the run must take or refuse with a reason. */
  heard: 'taken' | 'queued' | 'refused';
}

/** People who act on many runs, and record the answers. */
export class Crowd {
  readonly ids: string[] = [];
  readonly said: Said[] = [];
  private turn = 0;

  constructor(
    private readonly runs: Runs,
    private readonly client: Client,
    private readonly name: string,
  ) {}

  async start(count: number, repository: string, atOnce: number): Promise<void> {
    await inTurn([...Array(count).keys()], atOnce, async (index) => {
      const { name, steps } = this.pipelineOf(index);
      const task = { id: `${this.name}-${index}`, title: `A change that waits: ${name}` };
      const { workflowId } = await this.runs.start({ task, change: { repository }, pipeline: { name, steps } });
      this.ids[index] = workflowId;
    });
  }

  /** The number of runs that wait for a person, according to visibility. */
  async parked(): Promise<number> {
    const waiting = await this.runs.list({ waiting: true });
    return waiting.filter(({ workflowId }) => this.ids.includes(workflowId)).length;
  }

  /** Acts on every second run, by update and by signal, and repeats some actions. */
  async act(round: number, atOnce: number): Promise<void> {
    await inTurn([...this.ids.keys()], atOnce, async (index) => {
      if (!this.isActedOn(index)) return;
      const { acts } = this.pipelineOf(index);
      const [action, input] = acts[(round + index) % acts.length]!;
      await this.say(index, action, input);
      if (action === 'pause') await this.say(index, 'resume', {});
    });
  }

  /** Counts the runs without actions, and those among them that are still at their first visit. */
  async settledVisits(): Promise<{ same: number; of: number }> {
    let [same, of] = [0, 0];
    for (const [index, id] of this.ids.entries()) {
      if (this.isActedOn(index)) continue;
      of += 1;
      const { current, notices } = await this.runs.run(id);
      const reported = notices.filter(({ visit }) => visit === current?.visit).length;
      if (current?.visit?.endsWith('#1') && reported === 1) same += 1;
    }
    return { same, of };
  }

  async finish(atOnce: number): Promise<void> {
    await inTurn([...this.ids.keys()], atOnce, (index) => this.say(index, ...this.pipelineOf(index).ends));
  }

  log = (workflowId: string) => this.runs.actions(workflowId);
  ended = (workflowId: string) => this.runs.ended(workflowId);

  private pipelineOf = (index: number) => PIPELINES[index % PIPELINES.length]!;
  /** Whether people act on this run: on every second one of each pipeline. */
  private isActedOn = (index: number) => Math.floor(index / PIPELINES.length) % 2 === 0;

  private async say(index: number, action: ActionName, input: object): Promise<void> {
    const workflowId = this.ids[index]!;
    const actionId = randomUUID();
    const named = { ...input, actionId, by: 'ana' };
    this.turn += 1;
    if (this.turn % 3 === 0) {
      await this.client.workflow.getHandle(workflowId).signal(signalOf(action), named);
      this.said.push({ workflowId, actionId, heard: 'queued' });
      return;
    }
    try {
      const { is } = await this.runs.act(workflowId, action, named);
      this.said.push({ workflowId, actionId, heard: is });
      if (this.turn % 5 === 0) await this.runs.act(workflowId, action, named); // a double click
    } catch (failure) {
      if (!(failure instanceof Refused)) throw failure;
      this.said.push({ workflowId, actionId, heard: 'refused' });
    }
  }
}

async function inTurn<T>(all: readonly T[], atOnce: number, work: (each: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  const one = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
