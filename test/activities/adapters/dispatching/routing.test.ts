import { routed, type Serving } from '../../../../activities/adapters/dispatching/routing.ts';
import { named } from '../../../../activities/adapters/hosted/names.ts';
import type { Repositories } from '../../../../activities/adapters/git/publishing/repositories.ts';
import { InMemoryForge } from '../../../support/in-memory/forge.ts';

const repositories = {} as Repositories;
const forge = new InMemoryForge('/src/shop', { 'a.txt': 'a' });
const local: Serving = {
  name: 'local',
  forge,
  repositories,
  written: 'an absolute path',
  hosted: false,
  serves: (repository) => repository.startsWith('/') || repository.startsWith('file:'),
};
const hosted = (name: string, address: string): Serving => ({
  name,
  forge,
  repositories,
  written: `${address}/OWNER/NAME`,
  hosted: true,
  address,
  serves: (repository) => named(repository, address).is !== 'other',
});
const hub = hosted('hub', 'https://hub.example');
const tea = hosted('tea', 'http://tea.example:3000');
const HUB = { by: 'HUB_TOKEN', at: 'hub.example' };
const TEA = { by: 'TEA_URL and TEA_TOKEN' };

describe('a repository is routed', () => {
  it.each([
    ['/src/shop', [local, hub], {}, 'local', '/src/shop'],
    ['file:///src/shop', [local, hub], {}, 'local', 'file:///src/shop'],
    ['https://hub.example/acme/shop/pull/17', [local, hub, tea], {}, 'hub', 'https://hub.example/acme/shop/pull/17'],
    ['git@tea.example:acme/shop.git', [local, hub, tea], {}, 'tea', 'git@tea.example:acme/shop.git'],
    ['acme/shop', [local, hub], {}, 'hub', 'https://hub.example/acme/shop'],
    ['acme/shop', [local, hub, tea], { preferred: 'tea' }, 'tea', 'http://tea.example:3000/acme/shop'],
  ])('%s to the forge that it names', (written, forges, routing, name, repository) => {
    const found = routed(written, forges, routing);
    expect(found).toMatchObject({ forge: { name }, repository });
  });

  it.each([
    ['shop', [local, hub], {}, 'expected an absolute path, or https://hub.example/OWNER/NAME, found shop'],
    ['./shop', [local], { unconfigured: [HUB, TEA] }, 'others need HUB_TOKEN, or TEA_URL and TEA_TOKEN'],
    ['acme/shop', [local], { unconfigured: [HUB, TEA] }, 'set HUB_TOKEN, or TEA_URL and TEA_TOKEN, found acme/shop'],
    ['acme/shop', [local, hub, tea], {}, 'GATEHOUSE_FORGE to say whether OWNER/NAME is at hub or tea'],
    ['acme/shop', [local, hub], { preferred: 'tea', unconfigured: [TEA] }, 'set TEA_URL and TEA_TOKEN'],
    ['https://hub.example/a/b', [local, tea], { unconfigured: [HUB] }, 'hub.example needs HUB_TOKEN, found'],
    ['git@code.example:a/b', [local], { unconfigured: [HUB, TEA] }, 'code.example needs HUB_TOKEN, or TEA_URL'],
    ['https://code.example/a/b', [local, hub, tea], {}, 'at https://hub.example or http://tea.example:3000'],
    [
      'https://code.example/a/b',
      [local, hub],
      { unconfigured: [TEA] },
      'at https://hub.example, as it is configured (others need TEA_URL',
    ],
    ['https://gitlab.com/a/b', [local, hub], { unconfigured: [TEA] }, 'GitLab is not there yet'],
    ['https://x:y@code.example/a/b', [local, hub], {}, 'found https://code.example/a/b'],
  ])('%s nowhere, and says what would help', (written, forges, routing, expected) => {
    expect(routed(written, forges, routing)).toEqual({ expected: expect.stringContaining(expected) });
  });
});
