import type { BadField, Need } from '../../workflows/contracts/activities.ts';
import { branchOf, type RunInput } from '../../workflows/contracts/pipeline-run.ts';
import { untitled } from '../../workflows/contracts/text/titles.ts';
import type { ForgeExamined, Ports } from '../ports.ts';
import { withFloor } from './floors.ts';
import { unfitForForks } from './forks.ts';

type Needed = Pick<Ports, 'forge' | 'executor' | 'environments' | 'releases' | 'rules'>;

/** What is asked about a start input. */
export interface Wish {
  input: RunInput;
  /** Every role that the run may send. */
  roles: string[];
  needs: readonly Need[];
  /** The commit of its base at which an earlier run of the change began. */
  basis?: string | undefined;
  /** The policy as it was written. */
  given?: Record<string, unknown> | undefined;
  /** Read only: a repository to which we may not write is no refusal, nor is a machine without isolation. */
  lookOnly?: boolean | undefined;
}

/** `fields`: why the run would be refused. `floor`: what the operator's rules make of its policy. */
export type WishExamined =
  | { is: 'refused'; fields: BadField[] }
  | {
      is: 'found';
      found: Extract<ForgeExamined, { is: 'found' }>;
      fields: BadField[];
      floor: Partial<RunInput['policy']>;
      /** Whether the repository has previews. */
      environments: boolean;
    };

/** Examines whether a run with this input could work: its repository, agents, previews and policy. Changes nothing. */
export async function examineWish(
  { forge, executor, environments, releases, rules }: Needed,
  { input, roles, needs, basis, given, lookOnly }: Wish,
): Promise<WishExamined> {
  const branchGiven = input.change.branch !== undefined;
  const place = { branch: branchOf(input), branchGiven, basis, ...(lookOnly && { lookOnly }) };
  const found = await forge.examine({ ...input.change, ...place });
  if (found.is === 'refused') return found;

  const floored = await flooredBy(rules, found.change.repository, { ...input, given });
  const floor = 'policy' in floored ? floored.policy : {};
  const preview = await environments.examine(found.change);
  const release = needs.includes('release') && !(await releases.examine(found.change)).configured;
  const fields = once([
    ...(found.title === undefined && input.task.title === untitled(input.change) ? [NO_TITLE] : []),
    ...impossible(input.policy, found),
    ...(found.fork ? unfitForForks({ ...input, policy: { ...input.policy, ...floor } }) : []),
    ...('fields' in floored ? floored.fields : []),
    ...(await executor.examine(found.change, roles)),
    ...preview.fields,
    ...(needs.includes('environment') && !preview.configured ? [LACKING.environment] : []),
    ...(release ? [LACKING.release] : []),
  ]);
  return { is: 'found', found, fields, floor, environments: preview.configured };
}

const flooredBy = async (rules: Ports['rules'], repository: string, wished: Parameters<typeof withFloor>[0]) =>
  withFloor(wished, (await rules?.of(repository)) ?? { floor: {}, comment: 'ours' });

/** Only pull requests on other machines have a title of their own. */
const NO_TITLE: BadField = { path: 'task.title', expected: 'expected a title, found nothing' };

/** What the policy wants and the forge can never do. What a repository allows is known at the merge. */
function impossible(
  { mergeMethod: wanted }: RunInput['policy'],
  { mergeMethods: able, change }: Extract<ForgeExamined, { is: 'found' }>,
): BadField[] {
  if (wanted === undefined || able === undefined || able.includes(wanted)) return [];
  const expected = `expected ${able.join(' or ')}, which is how ${change.repository} can be merged into, found ${wanted}`;
  return [{ path: 'policy.mergeMethod', expected }];
}

/** The refusals of steps that need a setting which the repository lacks. */
const LACKING: Record<Need, BadField> = {
  environment: {
    path: '.gatehouse.yml:environment',
    expected: 'expected a command that runs the change: this pipeline has a deployer',
  },
  release: {
    path: '.gatehouse.yml:release',
    expected: 'expected a command that reads the release’s signals: this pipeline has post-release-health',
  },
};

/** Removes duplicates, because several roles may lack the same command. */
const once = (fields: BadField[]): BadField[] => [
  ...new Map(fields.map((field) => [`${field.path} ${field.expected}`, field])).values(),
];
