import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { rowIn } from '../../../activities/adapters/state/run-values.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import type { Runs } from '../../runs.ts';
import type { About } from '../access/permissions.ts';
import { rowOf } from './rows.ts';

/** How often rows are compared, in milliseconds. An event comes within three seconds of its change. */
const ROUND_MS = 1_000;
/** How often a stream shows that it is alive, in milliseconds. */
const HEARTBEAT_MS = 15_000;
/** Runs that ended this long ago are still compared, in milliseconds. */
const ENDED_MS = 120_000;
/** How the report of a live run ends. */
const LIVE = 'live';
/** A reader that takes this many bytes too slowly is cut off. It comes back, and gets the present state. */
const MOST_BYTES = 1_024 * 1_024;

interface Stream {
  /** The run it follows. Undefined: all of these workspaces. */
  workflowId?: string | undefined;
  workspace?: string | undefined;
  sees?: ((run: About) => boolean) | undefined;
  reply: FastifyReply;
}

/**
 * Sends events to all streams from one comparison of the rows per second, however many streams there are. Nothing is kept
 * between doors: a reader that comes back to another door begins with the present state.
 */
export class Events {
  private readonly streams = new Set<Stream>();
  /** The reports of the rows that were last seen. */
  private seen: Map<string, string> | undefined;
  private clock: NodeJS.Timeout | undefined;
  private readonly heart: NodeJS.Timeout;

  constructor(
    private readonly state: State,
    private readonly runs: Pick<Runs, 'read'>,
    /** Told how many streams are open, whenever that changes. */
    private readonly counted: (streams: number) => void = () => undefined,
  ) {
    this.heart = setInterval(() => this.send([...this.streams], ':\n\n'), HEARTBEAT_MS);
    this.heart.unref();
  }

  /** Follows one run, until it has ended. */
  async follow(request: FastifyRequest, reply: FastifyReply, workflowId: string): Promise<void> {
    const stream = { workflowId, reply };
    // What changes from now on is reported, so nothing is lost between the answer and the first comparison.
    this.seen ??= await this.reports();
    const { run, end } = await this.runs.read(workflowId);
    this.begin(stream, request);
    const id = idOf(run);
    if (request.headers['last-event-id'] !== id) this.send([stream], eventOf('run', id, run));
    if (end.is !== 'live') this.finish(stream);
  }

  /** Follows all runs that a caller may see. */
  async all(request: FastifyRequest, reply: FastifyReply, sight: Pick<Stream, 'workspace' | 'sees'>): Promise<void> {
    this.seen ??= await this.reports();
    this.begin({ ...sight, reply }, request);
  }

  close(): void {
    clearInterval(this.heart);
    clearTimeout(this.clock);
    for (const { reply } of this.streams) reply.raw.end();
    this.streams.clear();
  }

  private begin(stream: Stream, request: FastifyRequest): void {
    const { reply } = stream;
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    reply.raw.write('retry: 2000\n\n');
    request.raw.socket.setTimeout(0);
    this.streams.add(stream);
    this.counted(this.streams.size);
    reply.raw.on('close', () => {
      this.streams.delete(stream);
      this.counted(this.streams.size);
    });
    this.clock ??= setTimeout(() => void this.round(), ROUND_MS);
  }

  private async round(): Promise<void> {
    await this.compare().catch(() => undefined); // the database is away, and the next round asks again
    this.clock = undefined;
    if (this.streams.size > 0) this.clock = setTimeout(() => void this.round(), ROUND_MS);
    else this.seen = undefined;
  }

  private async compare(): Promise<void> {
    const before = this.seen ?? (await this.reports());
    this.seen = await this.reports();
    const now = this.seen;
    const changed = [...now].filter(([workflowId, report]) => before.get(workflowId) !== report);
    // A row may be told late that its run has ended long ago.
    const gone = [...before].filter(([workflowId, report]) => !now.has(workflowId) && report.endsWith(LIVE));
    for (const [workflowId] of [...changed, ...gone]) await this.report(workflowId);
  }

  /** The newest report of each run, by workflow id. */
  private async reports(): Promise<Map<string, string>> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('runs')
        .select(['workflow_id', 'run_id', 'seq', 'ended_at'])
        .where((each) => each.or([each('ended_at', 'is', null), each('ended_at', '>', Date.now() - ENDED_MS)]))
        .execute(),
    );
    return new Map(rows.map((row) => [row.workflow_id, `${row.run_id}:${row.seq}:${row.ended_at ?? LIVE}`]));
  }

  private async report(workflowId: string): Promise<void> {
    const text = await this.state.query((db) =>
      db.selectFrom('runs').select('state').where('workflow_id', '=', workflowId).executeTakeFirst(),
    );
    if (!text) return;
    const row = rowIn(text.state, this.state.cipher);
    const [all, followers] = [[...this.streams], [...this.streams].filter((each) => each.workflowId === workflowId)];
    const readers = all.filter(
      ({ workflowId: one, workspace = row.workspace, sees = () => true }) =>
        one === undefined && workspace === row.workspace && sees(row),
    );
    this.send(readers, eventOf('row', `${row.runId}:${row.order.seq}`, rowOf(row)));
    if (followers.length === 0) return;
    const { run, end } = await this.runs.read(workflowId);
    this.send(followers, eventOf('run', idOf(run), run));
    if (end.is !== 'live') for (const stream of followers) this.finish(stream);
  }

  private finish(stream: Stream): void {
    this.send([stream], 'event: end\ndata: {}\n\n');
    stream.reply.raw.end();
    this.streams.delete(stream);
  }

  private send(streams: readonly Stream[], text: string): void {
    for (const { reply } of streams) {
      if (reply.raw.writableLength > MOST_BYTES) reply.raw.destroy();
      else reply.raw.write(text);
    }
  }
}

const eventOf = (event: string, id: string, data: object): string =>
  `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

/** The same for the same answer, whichever door gives it. */
const idOf = (run: object): string => createHash('sha256').update(JSON.stringify(run)).digest('base64url').slice(0, 27);
