import type { Message, Notifier } from '../../ports.ts';
import { personMay } from '../configuration/acting.ts';
import type { NoticeRoute } from '../configuration/configuration.ts';
import type { NotifierAdapter, Opening, Shape } from '../vendor.ts';
import { Digests } from './digests.ts';
import { NoticedRuns } from './noticed-runs.ts';
import { outbox, type Box, type Outgoing } from './outbox.ts';
import { quietUntil } from './quiet.ts';

/** How often delivered messages are brought up to date, and digests are looked for, in milliseconds. */
const LOOK_MS = 5_000;

/** An open notifier. `reaches`: the key of `people` with the address by which it reaches a person. */
export interface OpenNotifier {
  name: string;
  notifier: Notifier;
  reaches?: NotifierAdapter<Shape>['reaches'];
}

export type Dispatching = Pick<Opening, 'state' | 'log' | 'ledger' | 'configuration' | 'pageOf'>;

/**
 * Sends a notice along every route that it fits, to each receiver once. Each notifier has its own outbox with a record per
 * receiver, so one that is down does not delay the others.
 */
export const routedNotifier = (
  notifiers: readonly OpenNotifier[],
  /** Read again for each notice, because a reload of the configuration file may change them. */
  routes: () => readonly NoticeRoute[],
  opening: Dispatching,
): Outgoing => new Dispatcher(notifiers, routes, opening);

class Dispatcher implements Outgoing {
  private readonly opened;
  private readonly runs;
  private readonly digests;
  private readonly stop = new AbortController();
  private readonly clock = setInterval(() => void this.look(), LOOK_MS).unref();
  private looking: Promise<void> | undefined;

  constructor(
    notifiers: readonly OpenNotifier[],
    private readonly routes: () => readonly NoticeRoute[],
    private readonly opening: Dispatching,
  ) {
    const { state, log, ledger, pageOf } = opening;
    this.runs = new NoticedRuns(state, pageOf);
    this.opened = notifiers.map((open) => {
      const box = outbox(this.informed(open.notifier), { name: open.name, state, log, ledger });
      return { ...open, box };
    });
    this.digests = new Digests({ ...opening, runs: this.runs, reach: (person) => this.reach(person) });
  }

  async deliver(message: Message): Promise<void> {
    const repository = (await this.runs.of(message.workflowId, message.notice)).run?.repository;
    const sent = this.routes().flatMap((route) =>
      isFor(route, message, repository) ? this.along(route, message, repository) : [],
    );
    // Two routes may lead to the same receiver.
    const once = new Map(sent.map(({ box, name, message }) => [`${name} ${message.key}`, { box, message }]));
    await Promise.all(
      [...once.values()].map(({ box, message }) => box.deliver(message, undefined, this.dueAt(message))),
    );
  }

  async list() {
    const lists = await Promise.all(this.opened.map(({ box }) => box.list()));
    const reported: Record<string, string> = {};
    for (const [id, at] of lists.flatMap((each) => Object.entries(each.told))) {
      if ((reported[id] ?? '') < at) reported[id] = at;
    }
    return { kept: lists.flatMap(({ kept }) => kept), told: reported };
  }

  async retell() {
    await Promise.all(this.opened.map(({ box }) => box.retell()));
  }

  async close() {
    clearInterval(this.clock);
    this.stop.abort();
    await this.looking;
    await Promise.all(this.opened.map(({ box }) => box.close()));
    await Promise.all(this.opened.map(async ({ notifier }) => notifier.close?.()));
  }

  /** The messages that a route makes of one: one, or one for each person. */
  private along({ adapter, channel, people }: NoticeRoute, message: Message, repository: string | undefined) {
    const open = this.opened.find(({ name }) => name === adapter);
    if (!open) {
      this.opening.log({ adapter, notice: message.notice.type }, 'a notice has a route that is not configured');
      return [];
    }
    const { box, name, reaches } = open;
    if (!reaches) return [{ box, name, message }];
    const to = (where: string, destination: Message['to']) => ({
      ...{ box, name },
      message: { ...message, key: `${message.key} to ${where}`, to: destination },
    });
    if (channel !== undefined) return [to(channel, { channel })];
    const configuration = this.opening.configuration();
    const may = (person: string) => personMay(configuration, person, { repository });
    const named = people ?? Object.keys(configuration.people).filter(may);
    const reached = named.filter((person) => configuration.people[person]?.[reaches] !== undefined);
    if (reached.length === 0) {
      this.opening.log({ adapter, notice: message.notice.type }, 'a notice has a route that reaches nobody');
    }
    return reached.map((person) => to(person, { person }));
  }

  /** Quiet hours delay what is not urgent. */
  private dueAt({ to, notice }: Message): number {
    const { quiet } = this.opening.configuration().people[to?.person ?? ''] ?? {};
    if (!quiet || notice.severity === 'urgent') return 0;
    return quietUntil(quiet, Date.now()) ?? 0;
  }

  /** A box that reaches the person, by the routes as they are now. */
  private reach(person: string): { box: Box; name: string } | undefined {
    const { people } = this.opening.configuration();
    const routed = this.routes().map(({ adapter }) => adapter);
    return this.opened.find(
      ({ name, reaches }) => reaches && routed.includes(name) && people[person]?.[reaches] !== undefined,
    );
  }

  /** Tells the notifier about the run. What nobody needs any more is not sent to a person. */
  private informed(notifier: Notifier): Notifier {
    return {
      deliver: async (message, signal) => {
        if (!message.to || message.digest) return notifier.deliver(message, signal);
        const { run, over } = await this.runs.of(message.workflowId, message.notice);
        if (over && message.to.person !== undefined) return undefined;
        return notifier.deliver({ ...message, about: run }, signal);
      },
    };
  }

  /** One at a time. What fails is done next time. */
  private look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    const failed = ({ message: because }: Error) =>
      this.opening.log({ because }, 'notices cannot be brought up to date');
    await this.digests.make().catch(failed);
    for (const { notifier } of this.opened) {
      if (!this.stop.signal.aborted) await notifier.refresh?.(this.stop.signal).catch(failed);
    }
  }
}

const isFor = ({ types, serves }: NoticeRoute, { notice }: Message, repository: string | undefined): boolean =>
  (types === undefined || types.includes(notice.type)) &&
  (serves === undefined || (repository !== undefined && serves(repository)));
