import type { Comment, HostedApi, HostedRepository, OurStatus } from '../../../../../activities/adapters/hosted/api.ts';
import { ForgeUnavailable } from '../../../../../activities/adapters/hosted/failures.ts';
import { PullRequests, type PullRequestOptions } from '../../../../../activities/adapters/hosted/pull-request/index.ts';
import { RunRows } from '../../../../../activities/adapters/state/runs.ts';
import type { State } from '../../../../../activities/adapters/state/state.ts';
import type { RowState } from '../../../../../workflows/contracts/run/row.ts';
import { DATABASES, openState } from '../../../../support/state/databases.ts';
import { actionOf, ended, noteOf, parked } from '../../../../support/state/notes.ts';

const CANONICAL = 'https://github.com/acme/shop';
const REPOSITORY = { owner: 'acme', name: 'shop', canonical: CANONICAL } as HostedRepository;
const NOW = Date.parse('2026-11-29T12:00:00.000Z');
const iso = (ms: number) => new Date(ms).toISOString();

/** A forge with one repository and one pull request, as far as pull requests use it. */
class OneForge {
  readonly vendor = 'GitHub';
  comments_: (Comment & { number: number })[] = [];
  statuses: (OurStatus & { head: string })[] = [];
  reactions: string[] = [];
  edits = 0;
  down = false;
  author = 'gatehouse[bot]';
  writers = ['ana'];

  say(body: string, over: Partial<Comment> = {}, number = 7): Comment {
    const id = this.comments_.length + 1;
    const at = iso(NOW);
    const comment = { id, body, author: 'ana', bot: false, createdAt: at, updatedAt: at, url: '', number, ...over };
    this.comments_.push(comment);
    return comment;
  }

  api = (): HostedApi => {
    const trouble = async () => {
      if (this.down) throw new ForgeUnavailable('The forge answers 503.');
    };
    const asked: Partial<HostedApi> = {
      vendor: this.vendor,
      me: async () => ({ login: 'gatehouse[bot]', id: 1, name: 'g', email: 'g@x', bot: true }),
      pullRequest: async () => ({ author: this.author }) as never,
      setStatus: async (_, head, status) => {
        await trouble();
        this.statuses.push({ ...status, head });
      },
      comments: async () => this.comments_,
      newComments: async (_, since) => {
        await trouble();
        return this.comments_.filter(({ updatedAt }) => updatedAt >= since);
      },
      comment: async (_, id) => this.comments_.find((each) => each.id === id),
      addComment: async (_, number, body) => this.say(body, { author: 'gatehouse[bot]', bot: true }, number),
      editComment: async (_, id, body) => {
        const found = this.comments_.find((each) => each.id === id);
        if (found) [found.body, this.edits] = [body, this.edits + 1];
        return found !== undefined;
      },
      react: async (_, id, reaction) => void this.reactions.push(`${id} ${reaction}`),
      mayWrite: async (_, login) => this.writers.includes(login),
    };
    return asked as HostedApi;
  };
}

describe.each(DATABASES)('pull requests with the state in %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  let forge: OneForge;
  let rows: RunRows;
  let sent: { workflowId: string; action: string; input: Record<string, unknown> }[];

  const open = (over: Partial<PullRequestOptions> = {}) =>
    new PullRequests({
      state,
      at: async (canonical) => (canonical === CANONICAL ? { api: forge.api(), repository: REPOSITORY } : undefined),
      commentOn: () => 'ours',
      personOf: () => undefined,
      forbids: () => undefined,
      pageOf: ({ task }) => `https://gatehouse.example.com/runs/default/${task.id}`,
      signal: async (workflowId, action, input) => {
        sent.push({ workflowId, action, input });
        return 'sent';
      },
      every: async () => 30_000,
      log: () => undefined,
      ...over,
    });
  const AT = { repository: CANONICAL, pullRequest: 7, branch: 'gatehouse/A', head: 'a'.repeat(40) };
  const report = (state: RowState, over: Partial<RowState> = {}) => rows.write(noteOf({ ...state, ...AT, ...over }));
  const ours = () => forge.comments_.filter(({ bot }) => bot);

  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    [forge, rows, sent] = [new OneForge(), new RunRows(state), []];
    await report(parked('A', 1));
  });
  afterEach(async () => {
    await state.close();
    await database.remove();
  });

  it('show where their run stands, in one status and one comment that is edited in place', async () => {
    const shown = open();
    await shown.round(NOW);
    await shown.round(NOW + 10_000);
    expect(forge.statuses).toEqual([
      {
        context: 'gatehouse',
        state: 'pending',
        description: 'Waits on person: Try it',
        url: 'https://gatehouse.example.com/runs/default/A',
        head: AT.head,
      },
    ]);
    expect(ours().map(({ body }) => body)).toEqual([
      expect.stringMatching(/\/gatehouse confirm[\s\S]*<!-- gatehouse /),
    ]);
    await report(ended('A', 2));
    await shown.round(NOW + 20_000);
    expect(forge.statuses.map(({ state }) => state)).toEqual(['pending', 'success']);
    expect([ours().length, forge.edits]).toEqual([1, 1]);
    expect(ours()[0]!.body).toMatch(/ ended \S+ -->$/);
  });

  it('find their comment again if the answer to making it was lost', async () => {
    await open().round(NOW);
    await state.query((db) => db.deleteFrom('shown').execute());
    await open().round(NOW + 10_000);
    expect(ours()).toHaveLength(1);
  });

  it('make a new comment if somebody has deleted it', async () => {
    await open().round(NOW);
    forge.comments_ = [];
    await report(parked('A', 2), { waitingOn: { ...parked('A', 2).waitingOn, detail: 'Try it again' } });
    await open().round(NOW + 10_000);
    expect(ours()).toHaveLength(1);
  });

  it('renew the marker of a live run', async () => {
    await open().round(NOW);
    await open().round(NOW + 13 * 3_600_000);
    expect(forge.edits).toBe(1);
    expect(ours()[0]!.body).toMatch(` live ${iso(NOW + 13 * 3_600_000)} -->`);
  });

  const modes: ['ours' | 'all' | 'off', string, number][] = [
    ['ours', 'ana', 0],
    ['all', 'ana', 1],
    ['off', 'gatehouse[bot]', 0],
  ];
  it.each(modes)('with comment: %s, and a pull request of %s', async (comment, author, count) => {
    forge.author = author;
    await open({ commentOn: () => comment }).round(NOW);
    expect([ours().length, forge.statuses.length]).toEqual([count, count]);
  });

  it('wait while the forge does not answer, and show it then', async () => {
    forge.down = true;
    const shown = open();
    await shown.round(NOW);
    forge.down = false;
    await shown.round(NOW + 700_000);
    expect(forge.statuses).toHaveLength(1);
  });

  it('take a command, and answer when the run has', async () => {
    const shown = open({ personOf: (vendor, login) => (vendor === 'GitHub' && login === 'ana' ? 'Ana' : undefined) });
    await shown.round(NOW);
    const { id } = forge.say('/gatehouse request-fix The total is wrong.');
    await shown.round(NOW + 40_000);
    await shown.round(NOW + 41_000);
    const { head } = AT;
    const said = { actionId: `comment:${id}`, by: 'Ana', head, via: 'pull-request', findings: 'The total is wrong.' };
    expect(sent).toEqual([{ workflowId: 'run/default/A', action: 'requestFix', input: said }]);
    expect(forge.reactions).toEqual([]);
    await rows.write(noteOf({ ...parked('A', 2), ...AT }, { actions: [actionOf(`comment:${id}`)] }));
    await shown.round(NOW + 80_000);
    await shown.round(NOW + 200_000);
    expect(forge.reactions).toEqual([`${id} +1`]);
    expect(sent).toHaveLength(1);
  });

  it('show the last refused command, and why', async () => {
    const shown = open();
    await shown.round(NOW);
    const { id } = forge.say('/gatehouse merge');
    await shown.round(NOW + 40_000);
    const refusal = actionOf(`comment:${id}`, { verdict: 'refused', because: 'Nothing waits for this.' });
    await rows.write(noteOf({ ...parked('A', 2), ...AT }, { actions: [refusal] }));
    await shown.round(NOW + 80_000);
    await shown.round(NOW + 90_000);
    expect(forge.reactions).toEqual([`${id} confused`]);
    expect(ours()[0]!.body).toMatch(/Refused: `\/gatehouse merge` by ana\. Nothing waits for this\./);
  });

  const nothing: [string, string, Partial<Comment>, number][] = [
    ['text that is no command', 'Looks good to me. /gatehouse confirm', {}, 7],
    ['a bot', '/gatehouse confirm', { bot: true, author: 'other[bot]' }, 7],
    ['an edited comment', '/gatehouse confirm', { updatedAt: iso(NOW + 5_000) }, 7],
    ['another pull request', '/gatehouse confirm', {}, 8],
  ];
  it.each(nothing)('do nothing for %s', async (__, body, over, number) => {
    forge.say(body, over, number);
    const shown = open();
    await shown.round(NOW);
    await shown.round(NOW + 40_000);
    expect([sent, forge.reactions]).toEqual([[], []]);
  });

  it('do nothing for a comment whose text is not what its webhook said', async () => {
    const { id } = forge.say('/gatehouse merge');
    const row = { repository: CANONICAL, id, number: 7, body: '/gatehouse confirm', noticed_at: 1, due_at: 1 };
    await state.query((db) => db.insertInto('comments').values(row).execute());
    await open().round(NOW);
    expect([sent, forge.reactions]).toEqual([[], []]);
  });

  const confused: [string, string, string][] = [
    ['an unknown word', '/gatehouse ship-it', 'ana'],
    ['somebody who may not write', '/gatehouse confirm', 'eve'],
    ['a missing text', '/gatehouse request-fix', 'ana'],
  ];
  it.each(confused)('refuse %s without asking the run', async (__, body, author) => {
    const { id } = forge.say(body, { author });
    await open().round(NOW);
    expect([sent, forge.reactions]).toEqual([[], [`${id} confused`]]);
  });

  it('send a command again if the worker died before it knew that it was sent, with the same action id', async () => {
    const { id } = forge.say('/gatehouse confirm');
    await open().round(NOW);
    await state.query((db) => db.updateTable('comments').set({ workflow_id: null, due_at: 0 }).execute());
    await open().round(NOW + 1_000);
    expect(sent.map(({ input }) => input['actionId'])).toEqual([`comment:${id}`, `comment:${id}`]);
  });

  it('refuse a command whose run has ended meanwhile', async () => {
    const { id } = forge.say('/gatehouse confirm');
    const shown = open();
    await shown.round(NOW);
    await report(ended('A', 2));
    await shown.round(NOW + 40_000);
    expect(forge.reactions).toEqual([`${id} confused`]);
  });
});
