import type { Caller } from '../../../../client/http/access/permissions.ts';
import { aboutOf, mayDo } from '../../../../client/http/page/access.ts';

const repository = 'https://github.com/acme/shop';
const caller: Caller = {
  id: 'github:ana',
  name: 'ana',
  via: 'page',
  grants: [{ role: 'lead', may: new Set(['see', 'merge']), repositories: [repository], bases: ['main'] }],
};

it.each([
  [{ repository, base: 'main' }, true],
  [{ repository, base: 'next' }, false],
  [{ repository }, false],
  [{ repository: `${repository}2`, base: 'main' }, false],
  [undefined, false],
])('a role for one repository and base reaches the change %j: %s', (change, may) =>
  expect(mayDo(caller, 'merge', aboutOf({ change }))).toBe(may),
);
