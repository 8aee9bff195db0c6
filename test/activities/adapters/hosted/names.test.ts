import { hostIn, isShort, laterAt, named, shown } from '../../../../activities/adapters/hosted/names.ts';

const HUB = 'https://github.com';
const PRIVATE = 'http://127.0.0.1:3000';
const place = (owner: string, name: string, pullRequest?: number) => ({
  is: 'place',
  place: { owner, name },
  ...(pullRequest !== undefined && { pullRequest }),
});
const other = { is: 'other' };
const wrong = { is: 'wrong', because: expect.any(String) };

describe('a repository’s name', () => {
  it.each([
    ['https://github.com/acme/shop', place('acme', 'shop')],
    ['https://github.com/acme/shop.git', place('acme', 'shop')],
    ['https://github.com/acme/shop/', place('acme', 'shop')],
    ['https://github.com/acme/shop.git/', place('acme', 'shop')],
    ['HTTPS://GitHub.com/Acme/Shop', place('Acme', 'Shop')],
    ['https://github.com:443/acme/shop', place('acme', 'shop')],
    ['https://github.com/acme/.github', place('acme', '.github')],
    ['https://github.com/acme/shop/pull/17', place('acme', 'shop', 17)],
    ['https://github.com/acme/shop/pulls/17', place('acme', 'shop', 17)],
    ['https://github.com/acme/shop/pull/17/files#diff-1', place('acme', 'shop', 17)],
    ['https://github.com/acme/shop/pull/17?w=1', place('acme', 'shop', 17)],
    ['https://github.com/acme/shop/pulls', place('acme', 'shop')],
    ['https://github.com/acme/shop/issues/17', place('acme', 'shop')],
    ['https://github.com/acme/shop/tree/main/src', place('acme', 'shop')],
    ['git@github.com:acme/shop.git', place('acme', 'shop')],
    ['git@github.com:acme/shop', place('acme', 'shop')],
    ['ssh://git@github.com/acme/shop.git', place('acme', 'shop')],
    ['ssh://git@github.com:2222/acme/shop.git', place('acme', 'shop')],
    ['https://github.example/acme/shop', other],
    ['git@gitea.example:acme/shop.git', other],
    ['ssh://git@gitea.example/acme/shop', other],
    ['https://github.com:8443/acme/shop', other],
    ['/src/shop', other],
    ['file:///src/shop', other],
    ['acme/shop', other],
    ['../shop', other],
    ['shop', other],
    ['', other],
    ['https://', other],
    ['http://github.com/acme/shop', wrong],
    ['https://github.com/acme', wrong],
    ['https://github.com/', wrong],
    ['https://github.com/acme/..', wrong],
    ['https://github.com/acme/%2e%2e%2fetc', wrong],
    ['https://github.com/acme/sh op', wrong],
    ['https://x:secret@github.com/acme/shop', wrong],
  ])('%j at github.com', (written, expected) => expect(named(written, HUB)).toEqual(expected));

  it.each([
    ['http://127.0.0.1:3000/acme/shop/pulls/3', place('acme', 'shop', 3)],
    ['git@127.0.0.1:acme/shop.git', place('acme', 'shop')],
    ['https://127.0.0.1:3000/acme/shop', wrong],
    ['http://127.0.0.1/acme/shop', other],
    ['http://127.0.0.1:3001/acme/shop', other],
  ])('%j at a forge that is reached by http', (written, expected) => expect(named(written, PRIVATE)).toEqual(expected));

  it.each([
    ['acme/shop', true],
    ['acme/shop.js', true],
    ['acme', false],
    ['acme/shop/pull', false],
    ['./shop', false],
    ['../shop', false],
    ['/shop', false],
    ['acme/', false],
    ['a b/c', false],
  ])('%j without a host: %j', (written, expected) => expect(isShort(written)).toBe(expected));

  it.each([
    ['https://gitlab.com/a/b/c', 'gitlab.com', 'GitLab'],
    ['git@gitlab.acme.example:a/b.git', 'gitlab.acme.example', 'GitLab'],
    ['https://bitbucket.org/a/b', 'bitbucket.org', 'Bitbucket'],
    ['git@ssh.dev.azure.com:v3/acme/shop/shop', 'ssh.dev.azure.com', 'Azure DevOps'],
    ['https://acme.visualstudio.com/_git/shop', 'acme.visualstudio.com', 'Azure DevOps'],
    ['https://code.example:8443/a/b', 'code.example:8443', undefined],
    ['https://notgitlab.example/a/b', 'notgitlab.example', undefined],
    ['shop', undefined, undefined],
  ])('%j is at %j, which is %j', (written, host, later) => {
    expect(hostIn(written)).toBe(host);
    expect(host && laterAt(host)).toBe(later);
  });

  it('is shown without a password', () => {
    expect(shown('https://x:secret@github.com/acme/shop')).toBe('https://github.com/acme/shop');
    expect(shown('https://x:sec@ret@github.com/acme/shop')).toBe('https://github.com/acme/shop');
    expect(shown('git@github.com:acme/shop')).toBe('git@github.com:acme/shop');
  });
});
