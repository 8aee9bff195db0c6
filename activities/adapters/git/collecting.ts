import { git, type Repository } from './door.ts';

/** With how many loose objects, or packs, git finds it worth packing anew. Git's own limits are ten times as high. */
const AUTO = ['gc.auto=700', 'gc.autoPackLimit=10', 'gc.autoDetach=false'];

/**
 * Packs the objects of our copy anew if that is worth it. Objects that no ref names are removed when they are older than
 * `keepDays`; without that, all are kept. A checkout reads them from the copy, also those that no ref of the copy names any more, so only a
 * copy without checkouts may lose any. Only one process at a time may call this.
 */
export async function collect(copy: Repository, keepDays: number | undefined, signal?: AbortSignal): Promise<void> {
  const expire = keepDays === undefined ? 'never' : `${Math.ceil(keepDays)}.days.ago`;
  const settings = [...AUTO, `gc.pruneExpire=${expire}`, 'gc.worktreePruneExpire=never', 'gc.cruftPacks=true'];
  await git(copy, ['gc', '--auto', '--quiet'], { kind: 'transfer', settings, signal });
}
