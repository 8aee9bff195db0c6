import { withFloor } from '../../activities/examining/floors.ts';
import type { RepositoryRules } from '../../activities/ports.ts';
import { RunInput } from '../../workflows/gates/index.ts';
import { wish } from '../support/builders.ts';

const at = 'gatehouse.yml:repositories[0].policy';

/** A policy as it is written, under a floor. */
function under(floor: RepositoryRules['floor'], given: object = {}, ...steps: Parameters<typeof wish>) {
  const input = RunInput.parse({ ...wish({ kind: 'coder' }, ...steps), policy: given });
  return withFloor({ ...input, given: given as Record<string, unknown> }, { floor, at, comment: 'ours' });
}

it.each<[string, RepositoryRules['floor'], object, object]>([
  ['nothing', {}, { maxRisk: 1 }, {}],
  ['a lower limit than the default', { maxRisk: 0.2 }, {}, { maxRisk: 0.2 }],
  ['a higher limit than the default', { maxRisk: 0.9 }, {}, { maxRisk: 0.4 }],
  ['a limit, and the run is stricter', { maxRisk: 0.3 }, { maxRisk: 0.1 }, { maxRisk: 0.1 }],
  ['a budget', { budgetCents: 500 }, {}, { budgetCents: 500 }],
  ['a budget, and the run has a smaller one', { budgetCents: 500 }, { budgetCents: 0 }, { budgetCents: 0 }],
  ['a second person', { requireSecondPerson: true }, {}, { requireSecondPerson: true }],
  ['another reconfirmation', { reconfirm: 'any' }, {}, { reconfirm: 'any' }],
  ['what is tested', { tested: 'merge-result' }, { tested: 'merge-result' }, { tested: 'merge-result' }],
  [
    'paths',
    { protectedPaths: ['infra/**', 'db/**'] },
    { protectedPaths: ['db/**'] },
    { protectedPaths: ['db/**', 'infra/**'] },
  ],
])('a floor that demands %s is merged into the policy', (_, floor, given, policy) => {
  expect(under(floor, given)).toEqual({ policy });
});

it.each<[string, RepositoryRules['floor'], object, string, string]>([
  [
    'a limit',
    { maxRisk: 0.2 },
    { maxRisk: 0.3 },
    'policy.maxRisk',
    `expected at most 0.2, which ${at} demands, found 0.3`,
  ],
  [
    'attempts',
    { ciAttempts: 3 },
    { ciAttempts: 4 },
    'policy.ciAttempts',
    `expected at most 3, which ${at} demands, found 4`,
  ],
  [
    'nobody else',
    { requireSecondPerson: true },
    { requireSecondPerson: false },
    'policy.requireSecondPerson',
    `expected true, which ${at} demands, found false`,
  ],
  [
    'the head alone',
    { tested: 'merge-result' },
    { tested: 'head' },
    'policy.tested',
    `expected merge-result, which ${at} demands, found 'head'`,
  ],
])('a run that wants %s against its floor is refused', (_, floor, given, path, expected) => {
  expect(under(floor, given)).toEqual({ fields: [{ path, expected }] });
});

it.each<[Parameters<typeof wish>[0], RepositoryRules['floor'], string | undefined]>([
  [{ kind: 'ci', attempts: 4 }, { ciAttempts: 3 }, 'pipeline.steps[1].attempts'],
  [{ kind: 'ci', attempts: 3 }, { ciAttempts: 3 }, undefined],
  [{ kind: 'ci', attempts: 4 }, { companionAttempts: 3 }, undefined],
  [{ kind: 'reviewer', attempts: 4 }, { companionAttempts: 3 }, 'pipeline.steps[1].attempts'],
  [{ kind: 'human-test', fixes: 4 }, { fixAttempts: 3 }, 'pipeline.steps[1].fixes'],
])('the option of a step keeps to the floor too: %j under %j', (step, floor, path) => {
  const end = under(floor, {}, step);
  expect('fields' in end ? end.fields.map((each) => each.path) : []).toEqual(path === undefined ? [] : [path]);
});
