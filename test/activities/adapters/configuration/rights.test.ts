import { grantsOf, grantsOnPullRequest, refusalOf } from '../../../../activities/adapters/configuration/rights.ts';
import type { About, May, Rules } from '../../../../activities/adapters/configuration/rights.ts';

const SHOP = 'https://github.com/acme/shop';
const people = { ana: {}, bo: {} };
const roles: Rules['roles'] = {
  lead: { people: ['ana'], may: ['see', 'merge'], repositories: ['https://github.com/acme/*'], bases: ['main'] },
  reader: { people: ['ana', 'bo'], may: ['see'] },
};
type Row = [string | undefined, May, About, boolean];

describe.each<[string, Rules, typeof grantsOf, Row[]]>([
  [
    'with roles, only whom a role names, and where it says',
    { people, roles },
    grantsOf,
    [
      ['ana', 'merge', { repository: `${SHOP}.git`, base: 'main' }, true],
      ['ana', 'merge', { repository: SHOP, base: 'next' }, false],
      ['ana', 'merge', { repository: SHOP, base: '' }, false],
      ['ana', 'merge', { repository: 'https://github.com/other/shop', base: 'main' }, false],
      ['ana', 'merge', {}, true],
      ['ana', 'confirm', {}, false],
      ['bo', 'see', { repository: SHOP }, true],
      ['bo', 'merge', {}, false],
      [undefined, 'see', {}, false],
    ],
  ],
  [
    'without roles, everybody under people and nobody else',
    { people, roles: {} },
    grantsOf,
    [
      ['bo', 'merge', { repository: SHOP, base: 'main' }, true],
      [undefined, 'see', {}, false],
    ],
  ],
  [
    'everybody may see, if people has the name *',
    { people: { ...people, '*': {} }, roles },
    grantsOf,
    [
      [undefined, 'see', { repository: SHOP, base: '' }, true],
      [undefined, 'merge', {}, false],
      ['bo', 'merge', {}, false],
    ],
  ],
  [
    'on a pull request without roles, whoever may write there',
    { people, roles: {} },
    grantsOnPullRequest,
    [[undefined, 'merge', { repository: SHOP, base: 'main' }, true]],
  ],
  [
    'on a pull request with roles, only whom a role names',
    { people, roles },
    grantsOnPullRequest,
    [
      [undefined, 'merge', { repository: SHOP, base: 'main' }, false],
      ['ana', 'merge', { repository: SHOP, base: 'main' }, true],
    ],
  ],
])('%s', (_, rules, grants, rows) => {
  it.each(rows)('%s, %s, %j: %s', (person, what, about, may) => {
    const refusal = refusalOf({ name: 'they', grants: grants(rules, person) }, what, about);
    expect(refusal === undefined).toBe(may);
  });
});

it.each<[string | undefined, May, About, string]>([
  [
    'ana',
    'merge',
    { base: 'next' },
    'x may merge only on https://github.com/acme/* for the base main, by the role lead.',
  ],
  ['bo', 'merge', {}, 'x may not merge. It may see by the role reader.'],
  [undefined, 'merge', {}, 'x may not merge. No role names them.'],
])('a refusal of %s to %s names the rule', (person, what, about, text) =>
  expect(refusalOf({ name: 'x', grants: grantsOf({ people, roles }, person) }, what, about)).toBe(text),
);
