import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Checks } from '../../../ports.ts';
import { git } from '../../git/door.ts';
import type { HostedRepository } from '../api.ts';
import { keyOf, type Parts } from '../parts.ts';

/** Files and folders that configure a CI, below the top of a repository. */
const CONFIGURED =
  /^(?:\.gitlab-ci\.yml|Jenkinsfile|azure-pipelines\.yml|\.travis\.yml|\.drone\.yml|\.woodpecker.*|\.circleci|\.buildkite)$/;
const WORKFLOWS = ['.github/workflows', '.gitea/workflows', '.forgejo/workflows'];

/** Whether a commit configures a CI, so that checks of its descendants are expected. */
export async function configuresCi(copy: string, commit: string): Promise<boolean> {
  const at = { gitDir: copy };
  const names = async (...paths: string[]) =>
    (await git(at, ['ls-tree', '-z', '--name-only', commit, ...paths])).stdout.split('\0').filter(Boolean);
  const top = await names();
  if (top.some((name) => CONFIGURED.test(name))) return true;
  const isThere = WORKFLOWS.some((folder) => top.includes(folder.split('/')[0]!));
  return isThere && (await names(...WORKFLOWS)).length > 0;
}

interface Bare {
  repository: HostedRepository;
  change: Change;
  head: string;
  /** How many checks we run ourselves. */
  ours: number;
}

/**
 * What it means that the forge's CI has reported nothing on a head. It may still begin. If the base's commits have checks,
 * and we pushed this head, then it will not: such pushes start no CI, as those with a workflow's own token.
 */
export async function bareHead(parts: Parts, { repository, change, head, ours }: Bare): Promise<Pick<Checks, 'bare'>> {
  const { api, workspace, store } = parts;
  const copy = await workspace.fetch(change.repository);
  const { baseHead } = await workspace.headsIn({ gitDir: copy }, change);
  const isChecked = (await api.checks(repository, baseHead)).length > 0;
  if (!isChecked && ours > 0 && !(await configuresCi(copy, change.basis))) return {};
  const isOurs = (await store.ownAmong(await keyOf(parts, change), [head])).has(head);
  if (!isChecked || !isOurs) return { bare: {} };
  const because = `No check has begun on ${head.slice(0, 8)}, although ${change.base} has some: pushes with these credentials start no CI`;
  return { bare: { because } };
}
