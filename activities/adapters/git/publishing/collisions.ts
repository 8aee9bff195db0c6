import type { BadField } from '../../../../workflows/contracts/activities.ts';
import type { Repository } from '../door.ts';
import { readRefs } from '../refs.ts';

/** Git keeps branches as files and folders: `a` is in the way of `a/b`, and the other way round. */
export async function inTheWay(where: Repository, branch: string): Promise<BadField[]> {
  const parts = branch.split('/');
  const above = parts.slice(1).map((_, n) => parts.slice(0, n + 1).join('/'));
  const names = [...above, branch].map((name) => `refs/heads/${name}`);
  const { at: found, broken } = await readRefs(where, names);
  const there = [...found.keys(), ...broken].map((name) => name.replace('refs/heads/', ''));
  const other = there.find((name) => above.includes(name) || name.startsWith(`${branch}/`));
  if (other === undefined) return [];
  const expected = `expected a branch name that git can create, found the branch ${other}, which excludes ${branch}`;
  return [{ path: 'change.branch', expected }];
}
