import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HostedApi, HostedRepository } from '../../activities/adapters/hosted/api.ts';
import { PermissionMissing } from '../../activities/adapters/hosted/failures.ts';
import { apiOf, seen } from '../support/gitea/api.ts';
import { GiteaRepository } from '../support/gitea/repository.ts';
import { GiteaServer, type Account } from '../support/gitea/server.ts';
import { until } from '../support/until.ts';

let server: GiteaServer;
let shop: GiteaRepository;
let bo: Account;
let api: HostedApi;
let repository: HostedRepository;
let number: number;

beforeAll(async () => {
  server = await GiteaServer.start();
  shop = await GiteaRepository.create(server, 'ana', 'shop', { open: true, files: { 'a.txt': 'one\n' } });
  bo = await shop.collaborator('bo', 'write');
  await shop.collaborator('dee', 'read');
  api = apiOf(server, bo);
  repository = await seen(api, shop);
  await shop.commit({ files: { 'b.txt': 'b\n' }, newBranch: 'work' });
  number = await shop.open('work', { as: bo });
});

afterAll(async () => {
  await api.close();
  await server.stop();
});

const second = () => new Promise((resolve) => setTimeout(resolve, 1_100));

describe('comments', () => {
  it('are made, read one by one or together, edited and deleted', async () => {
    const first = await api.addComment(repository, number, 'Ours <!-- gatehouse -->');
    expect(first).toMatchObject({ body: 'Ours <!-- gatehouse -->', author: 'bo', bot: false });
    expect(first.updatedAt).toBe(first.createdAt);
    expect(first.url).toContain(`${shop.address}/pulls/${number}#issuecomment-${first.id}`);
    await second();
    const { id } = await shop.comment(number, '/gatehouse confirm', await server.account('cy'));
    const theirs = (await api.comment(repository, id))!;
    expect(theirs).toMatchObject({ id, body: '/gatehouse confirm', author: 'cy', bot: false });
    const bodies = async () => (await api.comments(repository, number)).map(({ body }) => body);
    const since = async (time: string) =>
      (await api.newComments(repository, time)).map((each) => [each.number, each.body]);
    expect(await bodies()).toEqual(['Ours <!-- gatehouse -->', '/gatehouse confirm']);
    expect(await since(theirs.createdAt)).toEqual([[number, '/gatehouse confirm']]);
    // Not a moment of that second is missed.
    expect(await since(theirs.createdAt.replace('.000Z', '.900Z'))).toHaveLength(1);

    await second();
    expect(await api.editComment(repository, first.id, 'Ours, edited')).toBe(true);
    const edited = (await api.comment(repository, first.id))!;
    expect(Date.parse(edited.updatedAt)).toBeGreaterThan(Date.parse(edited.createdAt));
    // Edited since, so it is told again.
    expect(await since(edited.updatedAt)).toEqual([[number, 'Ours, edited']]);
    // The answer to a comment is no edit of it.
    await api.react(repository, id, '+1');
    await api.react(repository, id, '+1');
    await api.react(repository, id, 'confused');
    const reactions: { content: string }[] = await shop.do('GET', `/issues/comments/${id}/reactions`);
    expect(reactions.map(({ content }) => content).sort()).toEqual(['+1', 'confused']);
    expect(await api.comment(repository, id)).toEqual(theirs);

    await shop.do('DELETE', `/issues/comments/${first.id}`);
    expect(await api.comment(repository, first.id)).toBeUndefined();
    expect(await api.editComment(repository, first.id, 'x')).toBe(false);
    expect(await bodies()).toEqual(['/gatehouse confirm']);
  });

  it('are many, and all are read', async () => {
    await shop.commit({ files: { 'c.txt': 'c\n' }, newBranch: 'talked' });
    const talked = await shop.open('talked');
    for (let index = 0; index < 55; index++) await shop.comment(talked, `comment ${index}`);
    const all = await api.comments(repository, talked);
    const said = Array.from({ length: 55 }, (_, index) => `comment ${index}`);
    expect(all.map(({ body }) => body)).toEqual(said);
    const { number: issue } = await shop.do('POST', '/issues', { title: 'An issue' });
    await shop.comment(issue, 'on an issue');
    const found = await api.newComments(repository, all[0]!.createdAt);
    expect(found.filter((each) => each.number === talked).map(({ body }) => body)).toEqual(said);
    expect(found.filter((each) => each.number === issue).map(({ body }) => body)).toEqual(['on an issue']);
  });

  it('need their scope', async () => {
    const narrowed = apiOf(server, await server.narrowed('bo', ['write:repository', 'read:issue']));
    await expect(narrowed.addComment(repository, number, 'x')).rejects.toThrow(PermissionMissing);
    await expect(narrowed.react(repository, 1, '+1')).rejects.toThrow(PermissionMissing);
    await expect(narrowed.editComment(repository, 1, 'x')).rejects.toThrow(PermissionMissing);
    expect(await narrowed.comments(repository, number)).not.toHaveLength(0);
  });
});

it.each([
  ['the owner', () => apiOf(server, shop.owner)],
  ['somebody with write permission, who may not ask for it', () => api],
])('knows who may write, as %s', async (_who, of) => {
  const asked = of();
  const may = async (login: string) => asked.mayWrite(repository, login);
  expect(await may('ana')).toBe(true);
  expect(await may('BO')).toBe(true);
  expect(await may('dee')).toBe(false);
  expect(await may('cy')).toBe(false);
  expect(await may('nobody')).toBe(false);
  await shop.collaborator('dee', 'write');
  expect(await may('dee')).toBe(true);
  await shop.collaborator('dee', 'read');
  expect(await may('dee')).toBe(false);
});

it('says that it cannot know who may write without the scope to ask', async () => {
  const narrowed = apiOf(server, await server.narrowed('bo', ['write:issue']));
  expect(await narrowed.mayWrite(repository, 'ana')).toBeUndefined();
});

describe('webhooks', () => {
  const secret = 'a secret of nine words';
  it('are made by whom may, and deliver what happens, signed', async () => {
    const got: { headers: IncomingHttpHeaders; body: string }[] = [];
    const sink = createServer((request, response) => {
      let body = '';
      request.on('data', (data) => (body += String(data)));
      request.on('end', () => {
        got.push({ headers: request.headers, body });
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/webhooks/gitea`;
      const events = ['push', 'pull_request', 'pull_request_review', 'status', 'check_run', 'issue_comment', 'issues'];
      await expect(api.createWebhook(repository, { url, secret, events })).rejects.toThrow(PermissionMissing);
      await expect(api.webhooks(repository)).rejects.toThrow(PermissionMissing);
      const owner = apiOf(server, shop.owner);
      expect(await owner.webhooks(repository)).toEqual([]);
      await owner.createWebhook(repository, { url, secret, events });
      const [hook, ...more] = await owner.webhooks(repository);
      expect(more).toEqual([]);
      expect(hook).toMatchObject({ url, active: true });
      expect(JSON.stringify(hook)).not.toContain(secret);

      const happened = async (event: string) =>
        until(`the event ${event}`, () => got.find(({ headers }) => headers['x-gitea-event'] === event));
      const head = await shop.commit({ branch: 'work', files: { 'd.txt': 'd\n' } });
      await shop.status(head, 'ci', 'success');
      await shop.comment(number, 'hello');
      await shop.review(number, 'APPROVED', shop.owner);
      for (const event of ['push', 'pull_request', 'status', 'issue_comment', 'pull_request_approved']) {
        const { headers, body } = await happened(event);
        const signature = createHmac('sha256', secret).update(body).digest('hex');
        expect(headers['x-gitea-signature']).toBe(signature);
        expect(headers['x-hub-signature-256']).toBe(`sha256=${signature}`);
        expect(headers['x-gitea-delivery']).toMatch(/^[0-9a-f-]{36}$/);
        expect(JSON.parse(body).repository.full_name).toBe('ana/shop');
      }
    } finally {
      sink.closeAllConnections();
      await new Promise((resolve) => sink.close(resolve));
    }
  });
});

it('counts its calls, and has no limit of them', async () => {
  expect(await api.limit()).toBeUndefined();
});
