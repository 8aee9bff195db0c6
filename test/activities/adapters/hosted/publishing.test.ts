import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import type { Unpublished } from '../../../../activities/adapters/git/publishing/bundles.ts';
import { commitTree } from '../../../../activities/adapters/git/commits.ts';
import { git } from '../../../../activities/adapters/git/door.ts';
import { ChangeStore } from '../../../../activities/adapters/git/publishing/change-store.ts';
import { commitFiles } from '../../../../activities/adapters/git/publishing/documents.ts';
import { Publishing } from '../../../../activities/adapters/git/publishing/publishing.ts';
import { settle } from '../../../../activities/adapters/git/settling/settling.ts';
import { withRun } from '../../../../activities/adapters/git/signing.ts';
import { committerOf } from '../../../../activities/adapters/hosted/git/identity.ts';
import type { RemoteWorkspace } from '../../../../activities/adapters/hosted/git/workspace.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { RemoteShop } from '../../../support/remote.ts';
import { stateIn } from '../../../support/state/databases.ts';

jest.setTimeout(90_000);

let shop: RemoteShop;
let workspace: RemoteWorkspace;
let store: ChangeStore;
let publishing: Publishing;
let change: Change;
let kept: Unpublished[];

const identity = async () => ({ name: 'gatehouse[bot]', email: '7+gatehouse[bot]@users.example' });

beforeEach(async () => {
  shop = await RemoteShop.create();
  workspace = shop.open({ identity });
  store = new ChangeStore(stateIn(path.join(shop.home, 'data')));
  kept = [];
  publishing = new Publishing(workspace, store, undefined, async (bundle) => {
    kept.push(bundle);
    return 'Kept: gatehouse bundle run/default/T-1.';
  });
  change = { repository: shop.name, base: 'main', branch: 'gatehouse/T-1', basis: await shop.at('main') };
  const holder = { workflowId: 'run/default/T-1', runId: '1' };
  await store.change(change, (record) => ({ ...record, holder }));
});
afterEach(() => shop.close());

/** A commit of ours that adds a file on top of another commit. */
async function made(parent: string, file: string, message = 'ours'): Promise<string> {
  const copy = { gitDir: await workspace.fetch(shop.name) };
  const blob = (await git(copy, ['hash-object', '-w', '--stdin'], { kind: 'write', input: 'text\n' })).stdout;
  const entries = (await git(copy, ['ls-tree', parent])).stdout;
  const input = `${entries}\n100644 blob ${blob}\t${file}\n`;
  return commitTree(copy, (await git(copy, ['mktree'], { kind: 'write', input })).stdout, [parent], message);
}

const refusing = (text: string) =>
  writeFile(path.join(shop.bare, 'hooks', 'pre-receive'), `#!/bin/sh\necho '${text}' >&2\nexit 1\n`, { mode: 0o755 });

it('commits of others that came in meanwhile are merged in, and the merge is pushed', async () => {
  const first = await made(change.basis, 'a-of-ours.txt');
  await publishing.publish(change, first, undefined);
  const second = await made(first, 'b-of-ours.txt');
  await shop.sh(`git fetch --quiet origin; git checkout --quiet -B work origin/gatehouse/T-1`);
  const theirs = await shop.commit('theirs.txt', 'theirs', 'gatehouse/T-1');
  const end = await publishing.publish(change, second, first);
  expect(end).toMatchObject({ is: 'published', foreign: [{ commit: theirs, author: 'Ana' }] });
  expect(await shop.at('gatehouse/T-1')).toBe(end.is === 'published' && end.head);
  const files = await shop.sh(`git ls-tree --name-only gatehouse/T-1`, shop.bare);
  expect(files.split('\n')).toEqual(['a-of-ours.txt', 'a.txt', 'b-of-ours.txt', 'theirs.txt']);
  expect(await shop.sh(`git log -1 --format='%an <%ae> %cn%n%B' gatehouse/T-1`, shop.bare)).toBe(
    'gatehouse[bot] <7+gatehouse[bot]@users.example> gatehouse[bot]\n' +
      'Merge remote commits of gatehouse/T-1\n\nGatehouse-Run: run/default/T-1\n',
  );
});

it('commits that a rule refuses are kept as a bundle, and the reason is in the words of the server', async () => {
  await refusing('GH006: Protected branch update failed.');
  const commit = await made(await made(change.basis, 'a-of-ours.txt'), 'b-of-ours.txt');
  expect(await publishing.publish(change, commit, undefined)).toEqual({
    is: 'refused',
    because:
      'The forge refuses the push to gatehouse/T-1:\nGH006: Protected branch update failed.\n' +
      '(pre-receive hook declined)\nKept: gatehouse bundle run/default/T-1.',
  });
  expect(shop.http.requests.filter(({ url }) => url.endsWith('/git-receive-pack'))).toHaveLength(1);
  expect(kept).toMatchObject([{ repository: shop.name, branch: 'gatehouse/T-1', commit }]);

  const file = path.join(shop.home, 'T-1.bundle');
  await writeFile(file, kept[0]!.bytes);
  await shop.sh(`git bundle verify --quiet '${file}'; git fetch --quiet '${file}' gatehouse/T-1:kept`);
  expect(await shop.sh('git rev-parse kept')).toBe(commit);
  const copy = await workspace.fetch(shop.name);
  expect((await git({ gitDir: copy }, ['for-each-ref', '--format=%(refname)'])).stdout).toBe('refs/heads/main');
});

it('a push that the forge cannot take now is a transient failure, and nothing is kept', async () => {
  const commit = await made(change.basis, 'a-of-ours.txt');
  shop.http.trouble = ({ url }) => (url?.includes('receive-pack') ? { status: 503 } : undefined);
  await expect(publishing.publish(change, commit, undefined)).rejects.toMatchObject({ name: 'ForgeUnavailable' });
  shop.http.trouble = ({ url }) => (url?.includes('receive-pack') ? { status: 403 } : undefined);
  await expect(publishing.publish(change, commit, undefined)).rejects.toMatchObject({ name: 'PermissionMissing' });
  expect(kept).toEqual([]);
});

it('a push that is larger than the forge takes is refused', async () => {
  const commit = await made(change.basis, 'a-of-ours.txt');
  shop.http.trouble = ({ url }) => (url?.endsWith('/git-receive-pack') ? { status: 413 } : undefined);
  expect(await publishing.publish(change, commit, undefined)).toMatchObject({
    is: 'refused',
    because: expect.stringContaining('HTTP 413'),
  });
  expect(kept).toHaveLength(1);
});

it('documents and work of agents are committed in our name, for the run', async () => {
  const files = { 'docs/plan.md': 'the plan\n' };
  const committed = await commitFiles({ workspace, publishing }, change, { files, message: 'Plan\n\nTask: T-1' });
  if (committed.is !== 'committed') throw new Error(committed.is);
  const shown = (commit: string) => shop.sh(`git log -1 --format='%an %cn%n%B' ${commit}`, shop.bare);
  expect(await shown(committed.head)).toBe(
    'gatehouse[bot] gatehouse[bot]\nPlan\n\nTask: T-1\nGatehouse-Run: run/default/T-1\n',
  );

  const tree = path.join(shop.home, 'tree');
  await workspace.checkout(shop.name, committed.head, tree, { branch: change.branch, base: 'main' });
  expect(await shop.sh('git config user.email', tree)).toBe('7+gatehouse[bot]@users.example');
  await writeFile(path.join(tree, 'b.txt'), 'b\n');
  const copy = { gitDir: await workspace.fetch(shop.name) };
  const keep = { folder: shop.home, name: 'kept' };
  const settling = { tree, begun: { start: committed.head }, copy, keep, scratch: path.join(shop.home, 'scratch.git') };
  const settled = await settle(settling, await publishing.signed(change, 'coder: T-1 A task'));
  if (settled.is !== 'made') throw new Error(settled.is);
  await publishing.publish(change, settled.commit, committed.head);
  expect(await shown(settled.commit)).toBe(
    'gatehouse[bot] gatehouse[bot]\ncoder: T-1 A task\n\nGatehouse-Run: run/default/T-1\n',
  );
  expect(await readFile(path.join(copy.gitDir, 'config'), 'utf8')).not.toContain('bot');
});

it.each([
  [{}, true, { name: 'shop[bot]', email: '7+shop[bot]@x' }],
  [{}, false, undefined],
  [{ name: 'Robot' }, true, { name: 'Robot', email: '7+shop[bot]@x' }],
  [{ email: 'robot@x' }, false, { name: 'gatehouse', email: 'robot@x' }],
  [{ name: 'Robot', email: 'robot@x' }, false, { name: 'Robot', email: 'robot@x' }],
])('with the variables %j and an account that is a bot (%s), our commits are of %j', async (given, bot, identity) => {
  const me = async () => ({ login: 'shop[bot]', id: 7, name: 'Shop', email: '7+shop[bot]@x', bot });
  expect(await committerOf({ me }, given)()).toEqual(identity);
});

it.each([
  ['Subject', 'Subject\n\nGatehouse-Run: w'],
  ['Subject: with a colon', 'Subject: with a colon\n\nGatehouse-Run: w'],
  ['Subject\n\nBody of it.\n', 'Subject\n\nBody of it.\n\nGatehouse-Run: w'],
  ['Subject\n\nTask: T-1', 'Subject\n\nTask: T-1\nGatehouse-Run: w'],
  ['Subject\n\nGatehouse-Run: v', 'Subject\n\nGatehouse-Run: v'],
])('the trailer of %j makes %j', (message, signed) => {
  expect(withRun(message, 'w')).toBe(signed);
  expect(withRun(message, undefined)).toBe(message);
});
