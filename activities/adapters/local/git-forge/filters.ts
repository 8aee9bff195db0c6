import type { BadField } from '../../../../workflows/contracts/activities.ts';
import { filtersIn } from '../../git/contents.ts';
import type { Repository } from '../../git/door.ts';
import { lfsLacks } from '../../git/lfs.ts';
import { machineSettings } from '../../git/machine.ts';
import { unfitForLfs } from '../../settings/lfs.ts';
import type { RepositorySettings } from '../../settings/repository-settings.ts';

/**
 * Files whose contents our checkouts would lack. Filters are programs on the machine, and we run none except git-lfs, if the
 * base's settings enable it. A filter that is not required may be missing.
 */
export async function unfiltered(
  at: Repository & { commonDir: string },
  basis: string,
  settings: RepositorySettings,
): Promise<BadField[]> {
  const filters = await filtersIn(at, basis);
  if (filters.size === 0) return [];
  const required = await machineSettings(/^filter\..*\.required$/, at.commonDir);
  const fields: BadField[] = [];
  for (const [filter, file] of filters) {
    if (filter === 'lfs') fields.push(...(await unfitForLfs(file, settings, () => lfsLacks(at))));
    else if (required.some((setting) => setting.toLowerCase() === `filter.${filter}.required=true`.toLowerCase())) {
      const expected = `expected files without required filters, found ${file}: its filter ${filter} is required, but gatehouse does not run it`;
      fields.push({ path: 'change.repository', expected });
    }
  }
  return fields;
}
