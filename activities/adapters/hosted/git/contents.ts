import type { BadField } from '../../../../workflows/contracts/activities.ts';
import { filtersIn } from '../../git/contents.ts';
import type { Repository } from '../../git/door.ts';
import { lfsLacks } from '../../git/lfs.ts';
import { submodulesAt } from '../../git/wire/submodules.ts';
import { unfitForLfs } from '../../settings/lfs.ts';
import type { RepositorySettings } from '../../settings/repository-settings.ts';
import { addressOf } from './submodules.ts';

/** How many submodules a sentence names. */
const NAMED = 10;

/**
 * Whether checkouts of a commit can have all its contents. `lacking`: a sentence about submodules that they will not have.
 * `url`: where git clones the repository.
 */
export async function examineContents(
  copy: Repository,
  { commit, url }: { commit: string; url: string },
  settings: RepositorySettings,
): Promise<{ fields: BadField[]; lacking?: string }> {
  const file = (await filtersIn(copy, commit)).get('lfs');
  const fields = file === undefined ? [] : await unfitForLfs(file, settings, () => lfsLacks(copy));
  const all = await submodulesAt(copy, commit);
  const wanted = settings.git?.submodules === true;
  const empty = all.filter((each) => !wanted || addressOf(each, url) === undefined).map(({ path }) => path);
  if (empty.length === 0) return { fields };
  const named = empty.slice(0, NAMED).join(', ');
  const because = wanted ? 'that are on another host, or without an address' : 'of this repository';
  const remedy = wanted ? '' : ' With git: { submodules: true } in .gatehouse.yml, they have those on the same host.';
  return { fields, lacking: `Checkouts do not have the submodules ${because}: ${named} will be empty.${remedy}` };
}
