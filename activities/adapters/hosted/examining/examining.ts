import type { BadField } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { ChangeWish, ForgeDefaults, ForgeExamined } from '../../../ports.ts';
import { inTheWay } from '../../git/publishing/collisions.ts';
import { commitOf, isAncestor } from '../../git/commits.ts';
import { headsOf } from '../../git/publishing/branches.ts';
import { FILE, NEAR_MISS, parseSettings, type RepositorySettings } from '../../settings/repository-settings.ts';
import { configuresCi } from '../checks/bare.ts';
import { examineContents } from '../git/contents.ts';
import type { Parts } from '../parts.ts';
import { markerIn, otherInstallation } from '../pull-request/marker.ts';
import { answerOrRefusal } from './refusing.ts';
import { placeOf, refusal, unfitBranch, type Place, type Refusal } from './place.ts';

/** How long a head may have no check, in seconds: with a CI configuration on the base, and without. */
const GRACE = { configured: 600, bare: 60 };

/** Examines whether a change can be worked on, and its present state. Nothing is changed. */
export async function examineChange(parts: Parts, wish: ChangeWish): Promise<ForgeExamined> {
  const asked = await answerOrRefusal(parts.times, () => examined(parts, wish));
  return asked.is === 'refused' ? asked : asked.answer;
}

async function examined(parts: Parts, wish: ChangeWish): Promise<ForgeExamined> {
  const place = await placeOf(parts, wish);
  if ('path' in place) return refused(place);
  const { repository, base, branch } = place;
  const copy = { gitDir: await parts.workspace.fetch(repository.canonical) };
  if (wish.basis !== undefined && !(await commitOf(copy, wish.basis)))
    return refused(
      refusal('change.repository', `the repository where the run began, found another one at ${repository.canonical}`),
    );
  const basis = await parts.workspace.headOf(repository.canonical, base);
  if (!basis)
    return refused(
      refusal('change.base', `a branch of ${repository.canonical} with a commit, found no branch ${base}`),
    );
  if (branch === base) return refused(refusal('change.branch', `another branch than the base, ${base}`));
  const mayNot = place.fork === true || (wish.lookOnly === true && !repository.may.write);
  const rules = mayNot ? undefined : unfitBranch(await parts.api.branch(repository, branch), branch);
  const settings = await settingsAt(parts, { repository: repository.canonical, base, basis });
  const before: BadField[] = [
    ...(rules ? [rules] : []),
    ...(place.fork ? [] : await inTheWay(copy, branch)),
    ...(await gatedElsewhere(parts, place)),
  ];
  if ('fields' in settings) return { is: 'refused', fields: [...before, ...settings.fields] };
  const commit = { commit: basis, url: repository.cloneUrl };
  const { fields, lacking } = await examineContents(copy, commit, settings.settings);
  if (before.length + fields.length > 0) return { is: 'refused', fields: [...before, ...fields] };
  return found(parts, place, { copy: copy.gitDir, basis, lacking });
}

interface At {
  /** Our copy. */
  copy: string;
  basis: string;
  lacking: string | undefined;
}

async function found(parts: Parts, place: Place, { copy, basis, lacking }: At): Promise<ForgeExamined> {
  const { workspace, publishing } = parts;
  const { repository, base, branch, pullRequest, given, fork } = place;
  const number = pullRequest && { pullRequest: pullRequest.number };
  const change: Change = { repository: repository.canonical, base, branch, basis, ...number, ...(fork && { fork }) };
  const answer = {
    is: 'found',
    change,
    ...(await defaultsAt(copy, basis)),
    ...(given && pullRequest && { title: pullRequest.title, description: pullRequest.body }),
    ...(fork && { fork }),
    ...(lacking !== undefined && { lacking }),
  } as const;
  const { head } = await headsOf(workspace, change);
  if (head === undefined || (await isAncestor({ gitDir: copy }, head, basis))) return answer;
  return { ...answer, head, writers: await publishing.writersOf(change, head) };
}

/** Two installations must not gate one pull request. The marker in the other one's comment says that it does. */
async function gatedElsewhere(
  { api, pullRequestRows }: Parts,
  { repository, pullRequest }: Place,
): Promise<BadField[]> {
  if (!pullRequest) return [];
  const { number } = pullRequest;
  const comments = await api.comments(repository, number);
  if (!comments.some(({ body }) => markerIn(body)?.live)) return [];
  const { login: own } = await api.me();
  const mayWrite = async (login: string) => login === own || api.mayWrite(repository, login);
  const other = await otherInstallation(comments, await pullRequestRows.installation(), mayWrite);
  if (!other) return [];
  const who = `${other.workflowId} of another installation gates ${number} (its comment is of ${other.at})`;
  return [refusal('change.pullRequest', `a pull request that nobody else gates, found that ${who}`)];
}

/** What a hosted forge does if the policy does not say. Its own rules decide what is tested. */
async function defaultsAt(copy: string, basis: string): Promise<ForgeDefaults> {
  const checksGraceSeconds = (await configuresCi(copy, basis)) ? GRACE.configured : GRACE.bare;
  return { checksGraceSeconds, tested: 'head' };
}

/** The settings are read from the base. A repository without them gets the defaults of the configuration file. */
async function settingsAt(
  { workspace }: Parts,
  { repository, base, basis }: Pick<Change, 'repository' | 'base' | 'basis'>,
): Promise<{ settings: RepositorySettings } | { fields: BadField[] }> {
  const text = await workspace.fileAt(repository, basis, FILE);
  if (text === undefined && (await workspace.existsAt(repository, basis, NEAR_MISS)))
    return { fields: [{ path: FILE, expected: `expected a file of this name on ${base}, found ${NEAR_MISS}` }] };
  return parseSettings(text ?? '');
}

const refused = (field: Refusal): ForgeExamined => ({ is: 'refused', fields: [field] });
