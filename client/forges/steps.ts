import { gateFor, kinds, rolesOf } from '../../workflows/gates/index.ts';
import type { StepShape } from '../../workflows/contracts/pipelines.ts';
import type { Seen, SeenAgent } from '../../worker/looking/change.ts';
import { PASSING } from '../../workflows/contracts/reports.ts';

/** What a step would meet now. */
export interface StepSeen {
  step: number;
  kind: string;
  /** What it would see and do, in sentences. */
  would: string[];
  /** What it would wait for first. Undefined: it would pass at once. */
  waits?: 'agent' | 'person' | 'checks' | 'forge' | 'environment' | undefined;
  /** The roles that it may send, with the agents that would come. */
  roles: SeenAgent[];
}

type Said = Pick<StepSeen, 'would' | 'waits'>;

/** What each step of a pipeline would meet, if the run began now and nothing changed. */
export function stepsSeen(seen: Seen, steps: readonly StepShape[]): StepSeen[] {
  return steps
    .filter(({ enabled }) => enabled !== false)
    .map((step, index) => {
      const sent = rolesOf({ name: step.kind, steps: [step] }).flatMap((role) =>
        seen.agents.filter((each) => each.role === role),
      );
      return { step: index + 1, kind: step.kind, roles: sent, ...withApproval(step, saidBy(seen, step)) };
    });
}

/** The first step that does not pass by itself. */
export const firstWait = (steps: readonly StepSeen[]): StepSeen | undefined =>
  steps.find(({ waits }) => waits !== undefined);

function saidBy(seen: Seen, { kind, when }: StepShape): Said {
  const said = SPECIAL[kind]?.(seen) ?? bySending(seen, kind);
  return when ? { ...said, would: ['It runs only if the task’s estimate says so.', ...said.would] } : said;
}

const withApproval = ({ approval }: StepShape, said: Said): Said =>
  approval ? { ...said, would: [...said.would, 'Then a person approves what it made.'] } : said;

const SPECIAL: Record<string, (seen: Seen) => Said> = {
  'human-test': humanTest,
  deployer,
  tracker: () => ({ would: ['It files what was analysed as an issue.'] }),
  conflicts,
  ci,
  merger,
  'post-release-health': () => ({ would: ['It watches the release once the change is merged.'] }),
};
for (const kind of Object.keys(SPECIAL)) if (!kinds.includes(kind)) throw new Error(`There is no gate ${kind}.`);

/** Steps that are the work of an agent. */
function bySending(seen: Seen, kind: string): Said {
  const [first] = gateFor(kind).roles;
  return { would: [`It sends ${first ?? kind}.`], waits: 'agent' };
}

function humanTest({ preview }: Seen): Said {
  const way = preview
    ? `It builds a preview with \`${preview.start}\`, and asks a person to try it.`
    : 'It asks a person to try the change; the repository has no preview.';
  return { would: [way], waits: 'person' };
}

function deployer({ preview }: Seen): Said {
  if (!preview) return { would: ['It cannot deploy: `.gatehouse.yml` has no environment.'], waits: 'environment' };
  return { would: [`It builds a preview with \`${preview.start}\`.`], waits: 'environment' };
}

const NO_HEAD = 'There is no work branch with commits yet, so it depends on what the steps before it make.';

function conflicts({ head, mergeability: merges, change: { base } }: Seen): Said {
  if (head === undefined || !merges) return { would: [NO_HEAD] };
  switch (merges.is) {
    case 'mergeable':
      return { would: [`${short(head)} merges into ${base}${merges.behind ? ', which has moved on since' : ''}.`] };
    case 'nothing':
      return { would: [`The branch has nothing that ${base} lacks.`] };
    case 'unknown':
      return { would: [`The forge cannot say whether it merges: ${merges.because}.`], waits: 'forge' };
    case 'conflicted': {
      const files = merges.files.join(', ');
      return { would: [`It conflicts with ${base} in ${files}, so it sends conflict-resolver.`], waits: 'agent' };
    }
  }
}

function ci({ head, checks: { ended, running, held, own } }: Seen): Said {
  const ours = own.length > 0 ? [`It runs ${own.join(', ')} of .gatehouse.yml here.`] : [];
  if (head === undefined) return { would: [...ours, NO_HEAD], ...(own.length > 0 && { waits: 'checks' }) };
  const red = ended.filter(({ conclusion }) => !PASSING.has(conclusion));
  if (red.length > 0) {
    const names = red.map(({ name, conclusion }) => `${name} (${conclusion})`).join(', ');
    return { would: [...ours, `Red on ${short(head)}: ${names}. It sends ci-fixer.`], waits: 'agent' };
  }
  if (held.length > 0) {
    const links = held.map(({ name, url }) => `${name} (${url})`).join(', ');
    return { would: [...ours, `A person must approve at the forge: ${links}.`], waits: 'person' };
  }
  const green = ended.length > 0 ? [`Green on ${short(head)}: ${ended.map(({ name }) => name).join(', ')}.`] : [];
  if (running.length > 0) {
    return { would: [...ours, ...green, `Awaited: ${running.join(', ')}.`], waits: 'checks' };
  }
  if (own.length > 0) return { would: [...ours, ...green], waits: 'checks' };
  if (green.length > 0) return { would: green };
  return {
    would: [`No check has reported on ${short(head)}. It waits for some, then passes with a notice.`],
    waits: 'checks',
  };
}

function merger(seen: Seen): Said {
  const { protectedPaths, merge, policy, head, change } = seen;
  const would = [
    'It sends merger, who assesses the change.',
    `Above complexity ${policy.maxComplexity}, risk ${policy.maxRisk} or impact ${policy.maxImpact} a person decides.`,
    ...(protectedPaths.length > 0 ? [`A person decides, because it changes ${protectedPaths.join(', ')}.`] : []),
    ...(merge.draft ? ['The pull request is a draft: it is marked as ready first.'] : []),
    ...(merge.approvals ? [`The base demands ${merge.approvals} approvals; it waits until the forge has them.`] : []),
    ...(merge.strict
      ? ['The branch must contain the head of its base: the base is merged in first if it has moved.']
      : []),
    ...(policy.tested === 'merge-result' ? ['The checks run on the merge of both, if the base has moved.'] : []),
    wayOf(merge, `${head === undefined ? 'What the steps before it make' : short(head)}`, change.base),
  ];
  return { would, waits: 'agent' };
}

function wayOf({ method, queue }: Seen['merge'], what: string, base: string): string {
  if (queue) return `${what} enters the forge’s merge queue for ${base}.`;
  if (method === undefined) return `The forge allows no way to merge into ${base}, so a person decides.`;
  return `${what} is merged into ${base} by ${method}.`;
}

const short = (commit: string): string => commit.slice(0, 8);
