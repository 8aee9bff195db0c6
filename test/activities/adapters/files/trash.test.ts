import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Trash } from '../../../../activities/adapters/files/trash.ts';
import { workspaceIn } from '../../../support/local.ts';
import { program } from '../../../support/programs.ts';

let root: string;
beforeEach(async () => (root = await mkdtemp(path.join(tmpdir(), 'gatehouse-trash-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

async function checkout(name = 'tree'): Promise<string> {
  const folder = path.join(root, name);
  await mkdir(path.join(folder, 'src'), { recursive: true });
  await writeFile(path.join(folder, 'src', 'file.txt'), 'text');
  return folder;
}
const left = () => readdir(path.join(root, 'trash'));

it('moves a folder out of the way before removing it', async () => {
  const begun: string[] = [];
  const never = (folder: string) => new Promise(() => begun.push(folder));
  const trash = new Trash(root, never);
  await trash.take(await checkout('one'));
  await trash.take(await checkout('two'));
  expect(await readdir(root)).toEqual(['trash']);
  expect(await left()).toHaveLength(2);
  expect(begun).toHaveLength(1); // one at a time
});

it('removes its folders, and those that an earlier worker has left', async () => {
  await new Trash(root, () => new Promise(() => undefined)).take(await checkout());
  expect(await left()).toHaveLength(1);
  const trash = new Trash(root);
  await trash.sweep();
  await trash.take(await checkout());
  await trash.take(path.join(root, 'never-there'));
  await trash.emptied();
  expect(await left()).toEqual([]);
});

it('removes folders without permissions, and continues after one that it cannot remove', async () => {
  const folder = await checkout();
  await chmod(path.join(folder, 'src'), 0);
  await chmod(folder, 0);
  const trash = new Trash(root);
  await trash.take(folder);
  await trash.emptied();
  expect(await readdir(root)).toEqual(['trash']);
  expect(await left()).toEqual([]);

  let tries = 0;
  const failing = new Trash(root, async () => {
    tries += 1;
    throw new Error('busy');
  });
  await failing.take(await checkout());
  await failing.take(await checkout());
  await failing.emptied();
  expect(tries).toBe(2);
});

it('leaves the rest to the next worker when it closes', async () => {
  const removing = (_: string, signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const trash = new Trash(root, removing);
  await trash.take(await checkout('one'));
  await trash.take(await checkout('two'));
  await trash.close();
  expect(await left()).toHaveLength(2);

  const next = new Trash(root);
  await next.sweep();
  await next.emptied();
  expect(await left()).toEqual([]);
});

it('takes the remains of a dead attempt’s checkout without making anybody wait for their removal', async () => {
  const repository = path.join(root, 'shop');
  await program('git', ['init', '-q', '-b', 'main', repository]);
  const commit = [
    '-c',
    'user.name=ana',
    '-c',
    'user.email=ana@shop.example',
    'commit',
    '-q',
    '--allow-empty',
    '-m',
    'base',
  ];
  await program('git', commit, { cwd: repository });
  const { stdout: head } = await program('git', ['rev-parse', 'HEAD'], { cwd: repository });
  const tree = await checkout();
  await checkout('tree.draft');
  const workspace = workspaceIn(root, new Trash(root, () => new Promise(() => undefined)));
  await workspace.checkout(repository, head, tree);
  expect(await readdir(tree)).toEqual(['.git']);
  expect(await left()).toHaveLength(2);
});
