import path from 'node:path';
import { placeOf } from '../../../client/cli/commands/start.ts';

it.each([
  ['.', path.resolve('.')],
  ['..', path.resolve('..')],
  ['./', path.resolve('.')],
  ['./shop', path.resolve('shop')],
  ['../shop', path.resolve('../shop')],
  ['/src/shop', '/src/shop'],
  ['shop', 'shop'],
  ['.shop', '.shop'],
  ['acme/shop', 'acme/shop'],
  ['file:///src/shop', 'file:///src/shop'],
  ['git@github.com:acme/shop.git', 'git@github.com:acme/shop.git'],
  ['https://github.com/acme/shop', 'https://github.com/acme/shop'],
  ['https://github.com/acme/shop/pull/0', 'https://github.com/acme/shop/pull/0'],
])('%s is the repository %s', (written, repository) => expect(placeOf(written)).toEqual({ repository }));

it.each([
  'https://github.com/acme/shop/pull/17',
  'https://github.com/acme/shop/pulls/17/',
  'https://github.com/acme/shop/pull/17/files#diff',
  'https://github.com/acme/shop/pull/17?w=1',
])('%s names a pull request', (written) => {
  expect(placeOf(written)).toEqual({ repository: 'https://github.com/acme/shop', pullRequest: 17 });
});
