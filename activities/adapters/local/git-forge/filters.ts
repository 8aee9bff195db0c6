import type { BadField } from '../../../../workflows/contracts/activities.ts';
import { filtersIn } from '../../git/contents.ts';
import { git, GitFailed, type Repository } from '../../git/door.ts';
import { machineSettings } from '../../git/machine.ts';
import { FILE, type RepositorySettings } from '../../settings/repository-settings.ts';

/**
 * Files whose contents our checkouts would lack. Filters are programs on the machine, and we run none except git-lfs, if the
 * base's settings enable it. A filter that is not required may be missing.
 */
export async function unfiltered(
  at: Repository & { commonDir: string },
  basis: string,
  { git: wanted }: RepositorySettings,
): Promise<BadField[]> {
  const filters = await filtersIn(at, basis);
  if (filters.size === 0) return [];
  const required = await machineSettings(/^filter\..*\.required$/, at.commonDir);
  const fields: BadField[] = [];
  for (const [filter, file] of filters) {
    if (filter === 'lfs') fields.push(...(await unfitForLfs(at, file, wanted?.lfs)));
    else if (required.some((setting) => setting.toLowerCase() === `filter.${filter}.required=true`.toLowerCase())) {
      const expected = `expected files without required filters, found ${file}: its filter ${filter} is required, but gatehouse does not run it`;
      fields.push({ path: 'change.repository', expected });
    }
  }
  return fields;
}

async function unfitForLfs(at: Repository, file: string, lfs: boolean | undefined): Promise<BadField[]> {
  if (lfs === false) return [];
  const path = `${FILE}:git.lfs`;
  if (lfs === undefined) {
    const choice = 'true (checkouts have the contents) or false (they have the pointers)';
    return [{ path, expected: `expected ${choice}, because ${file} has the filter lfs` }];
  }
  try {
    await git(at, ['lfs', 'version']);
    return [];
  } catch (failure) {
    if (!(failure instanceof GitFailed) || failure.timedOut) throw failure;
    return [{ path, expected: `expected git-lfs on this machine, which ${file} needs: ${failure.stderr.trim()}` }];
  }
}
