import { git, type Call, type Repository } from './door.ts';

/**
 * The command that runs git at the other end of a transfer. Its folder was found and checked before, and commits are
 * requested by id. The text is fixed, because git passes it to a shell.
 */
const OTHER_END = `git -c 'safe.directory=*' -c core.hooksPath=/dev/null -c core.fsmonitor=false \
-c uploadpack.allowAnySHA1InWant=true upload-pack`;

/** Fetches from another repository on this machine, by refspecs or commit ids. No other tags are fetched. */
export async function fetchFrom(
  into: Repository,
  source: string,
  wanted: readonly string[],
  { prune = false, ...call }: Call & { prune?: boolean } = {},
): Promise<void> {
  const quiet = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance'];
  const args = ['fetch', ...quiet, `--upload-pack=${OTHER_END}`, ...(prune ? ['--prune'] : []), source, ...wanted];
  await git(into, args, { kind: 'transfer', ...call });
}
