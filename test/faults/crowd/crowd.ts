import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { NotFound, Refused, Unreachable, LiveRun } from '../../../client/errors.ts';
import { Runs } from '../../../client/runs.ts';
import { isGone, isTimeout } from '../../../client/timeouts.ts';
import { hintSignal, signalOf } from '../../../workflows/contracts/messages.ts';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { dice, type Dice } from '../../support/walk/dice.ts';
import type { Ack } from '../judge/invariants.ts';
import type { Stage } from '../stage.ts';
import { FORMS, type Form, type FormName, type Wish } from './forms.ts';

/** One run of a crowd, and the acknowledgements of people's actions on it. */
export interface Member {
  task: string;
  repository: string;
  form: FormName;
  workflowId: string;
  acks: Ack[];
  /** The actions that were sent to it, so that they can be sent again. */
  sent: (Wish & { actionId: string })[];
  /** Its expected end, if it differs from that of its form. */
  ends?: string;
}

export interface CrowdOptions {
  runs: number;
  actions: number;
  seed: number;
  queue: string;
  /** The number of runs of each form, out of ten. */
  mix: Readonly<Partial<Record<FormName, number>>>;
  /** The client that people use. It may take another route to the server than the client of the judge. */
  client?: Client;
}

/**
 * The ways to send an action: as an update, as a signal, twice at once (`double`, `mixed`), or together with a competing
 * action (`two`).
 */
const WAYS = ['update', 'update', 'signal', 'signal', 'double', 'mixed', 'two'] as const;
type Way = (typeof WAYS)[number];

const SENDERS = 40;
/** How long a sender tries, in milliseconds. After that, its action counts as not acknowledged. */
const SEND_MS = 180_000;

/** Many runs, and people who act on them while workers and servers fail. */
export class Crowd {
  readonly members: Member[] = [];
  private readonly runs: Runs;
  private readonly dice: Dice;
  private numbers = 0;
  /** The number of acknowledged actions, by answer, and of repeats. */
  readonly told = { taken: 0, queued: 0, refused: 0, repeats: 0 };

  constructor(
    private readonly stage: Stage,
    private readonly options: CrowdOptions,
  ) {
    this.runs = new Runs(options.client ?? stage.client, options.queue);
    this.dice = dice(options.seed);
  }

  get acknowledged(): number {
    return this.told.taken + this.told.queued + this.told.refused;
  }

  /** Starts all runs, a few at a time. */
  async gather(): Promise<void> {
    const { runs, mix } = this.options;
    const forms = Object.entries(mix).flatMap(([form, count]) => Array<FormName>(count).fill(form as FormName));
    const wanted = Array.from({ length: runs }, (_, index) => forms[index % forms.length]!);
    await some(20, wanted, async (form) => {
      const { task, repository } = await this.stage.newTask(FORMS[form].world);
      const member: Member = { task, repository, form, workflowId: runIdOf('default', task), acks: [], sent: [] };
      this.members.push(member);
      await this.begin(member);
    });
  }

  /** Lets people act until the given number of actions is acknowledged. */
  async act(): Promise<void> {
    const count = this.options.actions;
    const plans = Array.from({ length: count }, () => ({
      member: this.dice.pick(this.members),
      way: this.dice.pick(WAYS),
    }));
    await some(SENDERS, plans, async ({ member, way }) => {
      if (this.acknowledged < count) await this.send(member, way);
    });
  }

  /** Brings every run to the end that its form defines. */
  async finish(timeoutMs = 300_000): Promise<void> {
    const until = Date.now() + timeoutMs;
    await some(SENDERS, this.members, async (member) => {
      const { finish } = FORMS[member.form] as Form;
      while (Date.now() < until) {
        const phase = await this.phaseOf(member.workflowId);
        if (phase === 'closed') return;
        const status = phase === 'paused' ? { action: 'resume' as const, said: {} } : finish[phase];
        if (status) await this.tell(member, status, this.newId(), 'update');
        await pause(300);
      }
    });
  }

  /** Stops one run, which then ends as cancelled. */
  async stop(member: Member): Promise<void> {
    member.ends = 'CANCELED';
    await this.tell(member, { action: 'stop', said: { reason: 'It is no longer needed.' } }, this.newId(), 'update');
  }

  /** Terminates a run with Temporal's own tools, and starts it again. */
  async beginAgain({ workflowId }: Member): Promise<void> {
    const client = this.options.client ?? this.stage.client;
    await insisting(() => client.workflow.getHandle(workflowId).terminate('Terminated by the test.'));
    await insisting(() => this.runs.retry(workflowId));
  }

  private async send(member: Member, way: Way): Promise<void> {
    const id = this.newId();
    const wish = (FORMS[member.form] as Form).wish(this.dice, id);
    if (way === 'two') {
      const other = this.newId();
      const rival = (FORMS[member.form] as Form).wish(this.dice, other);
      await Promise.all([this.tell(member, wish, id, 'update'), this.tell(member, rival, other, 'update')]);
      return;
    }
    if (way === 'update' || way === 'signal') return this.tell(member, wish, id, way);
    this.told.repeats += 1;
    const again = way === 'double' ? 'update' : 'signal';
    await Promise.all([this.tell(member, wish, id, 'update'), this.tell(member, wish, id, again, true)]);
  }

  /** Sends an action until it is acknowledged, always with the same id, like the client of a person. */
  private async tell(
    member: Member,
    { action, said }: Wish,
    actionId: string,
    way: 'update' | 'signal',
    again = false,
  ): Promise<void> {
    const { workflowId, acks } = member;
    if (!again) member.sent.push({ action, said, actionId });
    const note = (ack: Pick<Ack, 'is' | 'code'>) => {
      acks.push({ actionId, action, ...ack });
      if (!again) this.told[ack.is] += 1;
    };
    for (const until = Date.now() + SEND_MS; Date.now() < until; await pause(500)) {
      try {
        if (way === 'update')
          return note({ is: (await this.runs.act(workflowId, action, { ...said, actionId, by: 'ana' })).is });
        await this.signal(workflowId, action, { ...said, actionId, by: 'ana' });
        return note({ is: 'queued' });
      } catch (failure) {
        if (failure instanceof Refused) return note({ is: 'refused', code: failure.code });
        if (isGone(failure)) return note({ is: 'refused', code: 'closed' });
        if (!(failure instanceof Unreachable || failure instanceof NotFound || isTimeout(failure))) throw failure;
      }
    }
  }

  /**
   * Sends messages that must not change anything: an old action again, an action for a past visit, dozens of hints, and a
   * report of an environment that never existed.
   */
  async disturb(throws: Dice): Promise<void> {
    const member = throws.pick(this.members);
    const { workflowId, sent } = member;
    const handle = (this.options.client ?? this.stage.client).workflow.getHandle(workflowId);
    const hints = (['checks', 'change', 'environment', 'job'] as const).flatMap((about) =>
      Array<string>(6).fill(about),
    );
    const old = sent.length > 0 ? throws.pick(sent) : undefined;
    const all = [
      ...hints.map((about) => handle.signal(hintSignal, { about })),
      handle.signal('_environment', { generation: 99, status: 'gone' }),
      handle.signal(signalOf('confirm'), { actionId: this.newId(), by: 'bo', visit: '1-nothing#1' }),
      ...(old ? [this.signal(workflowId, old.action, { ...old.said, actionId: old.actionId, by: 'ana' })] : []),
    ];
    this.told.repeats += 1;
    await Promise.allSettled(all); // A run that has ended receives nothing.
  }

  private async signal(workflowId: string, action: Wish['action'], input: object): Promise<void> {
    const client = this.options.client ?? this.stage.client;
    await client.withDeadline(Date.now() + 10_000, () =>
      client.workflow.getHandle(workflowId).signal(signalOf(action), input),
    );
  }

  private async begin({ task, repository, form }: Member): Promise<void> {
    const { steps } = FORMS[form] as Form;
    const wish = {
      task: { id: task, title: `One of a crowd: ${form}` },
      change: { repository },
      pipeline: { steps: steps.map((step) => (typeof step === 'string' ? { kind: step } : step)) },
    };
    await insisting(() => this.runs.start(wish));
  }

  private async phaseOf(workflowId: string): Promise<string> {
    const client = this.options.client ?? this.stage.client;
    try {
      const look = () => client.workflow.getHandle(workflowId).describe();
      const { status, searchAttributes } = await client.withDeadline(Date.now() + 10_000, look);
      if (status.name !== 'RUNNING') return 'closed';
      if (searchAttributes['GatehouseStatus']?.[0] === 'paused') return 'paused';
      return String(searchAttributes['GatehousePhase']?.[0] ?? '');
    } catch {
      return ''; // The server does not answer now.
    }
  }

  /** An id that no other crowd uses, because all crowds share one journal of jobs. */
  private newId = (): string => `${this.options.queue}-${this.options.seed}-${(this.numbers += 1)}`;
}

/** Retries the work until the server answers. An earlier try may already have succeeded. */
async function insisting(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      return void (await work());
    } catch (failure) {
      if (failure instanceof LiveRun || isGone(failure)) return;
      if (!(failure instanceof Unreachable || isTimeout(failure))) throw failure;
      await pause(500);
    }
  }
}

/** Runs the work for every item, with at most `most` at a time. */
export async function some<T>(most: number, things: readonly T[], work: (thing: T) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async () => {
    for (let index = next++; index < things.length; index = next++) await work(things[index]!);
  };
  await Promise.all(Array.from({ length: Math.min(most, things.length) }, one));
}
