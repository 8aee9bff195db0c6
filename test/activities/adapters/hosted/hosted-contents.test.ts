import { jest } from '@jest/globals';
import { parseConfiguration } from '../../../../activities/adapters/configuration/configuration.ts';
import { program } from '../../../support/programs.ts';
import { hostedRig, type HostedRig } from './rig.ts';

jest.setTimeout(60_000);

const settings = (submodules: boolean) => `git: { submodules: ${submodules} }
checks: { library: 'test "$(cat vendor/lib/lib.txt)" = lib' }
`;

function configured(match: string) {
  const read = parseConfiguration(`repositories: [{ match: "**/acme/${match}" }]`, {
    file: '/etc/gatehouse.yml',
    environment: {},
  });
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  return read.configuration;
}

let rig: HostedRig;
afterEach(() => rig.dispose());

/** A repository with the submodule `vendor/lib`, a work branch, and how its check ends. */
async function conclusion({ submodules = true, match = 'shop', fork = false } = {}): Promise<string | undefined> {
  rig = await hostedRig({ wire: true, settings: settings(submodules), configuration: () => configured(match) });
  const library = await rig.served!.create('acme', 'lib');
  const { shown } = rig.api;
  const canonical = `${rig.api.address}/acme/lib`;
  rig.api.others.push({ ...shown!, id: 2, name: 'lib', canonical, cloneUrl: `${canonical}.git` });
  const lib = await committed(library, `100644 blob ${await blob(library, 'lib\n')}\tlib.txt`, 'main');
  await rig.commit('main', { '.gitmodules': '[submodule "lib"]\n\tpath = vendor/lib\n\turl = ../lib.git\n' });
  const base = (await program('git', ['ls-tree', 'main'], { cwd: rig.bare })).stdout;
  const folder = (
    await program('git', ['mktree', '--missing'], { cwd: rig.bare, input: `160000 commit ${lib}\tlib\n` })
  ).stdout;
  const vendor = `040000 tree ${folder}\tvendor`;
  const head = await committed(rig.bare, `${base}\n${vendor}`, 'work');

  rig.served!.requests.splice(0);
  const change = { ...(await rig.claimed()), fork };
  for (const until = Date.now() + 30_000; Date.now() < until;) {
    const { ended } = await rig.forge.checks(change, head, { checkSeconds: 60, round: 'r1' });
    if (ended[0]) return ended[0].conclusion;
  }
  return undefined;
}

const blob = async (bare: string, input: string) =>
  (await program('git', ['hash-object', '-w', '--stdin'], { cwd: bare, input })).stdout;

/** Commits a tree with these entries on top of the base. */
async function committed(bare: string, entries: string, branch: string): Promise<string> {
  const git = async (args: string[], input = '') =>
    (await program('git', ['-c', 'user.name=Bo', '-c', 'user.email=bo@shop.example', ...args], { cwd: bare, input }))
      .stdout;
  const tree = await git(['mktree', '--missing'], `${entries}\n`);
  const parents = (await git(['for-each-ref', '--format=%(objectname)', 'refs/heads/main'])).split('\n');
  const commit = await git(['commit-tree', tree, ...parents.filter(Boolean).flatMap((id) => ['-p', id]), '-m', 'one']);
  await git(['update-ref', `refs/heads/${branch}`, commit]);
  return commit;
}

const namesOfSubmodule = () =>
  rig.served!.requests.filter(({ url }) => url.startsWith('/acme/lib')).map(({ authorization }) => authorization);

it('checkouts have the submodules that the settings ask for, without our credentials', async () => {
  expect(await conclusion()).toBe('success');
  expect(new Set(namesOfSubmodule())).toEqual(new Set([undefined]));
});

it('checkouts have submodules with our credentials if the configuration file names their repository', async () => {
  expect(await conclusion({ match: 'lib' })).toBe('success');
  expect(new Set(namesOfSubmodule())).toEqual(new Set([expect.stringMatching(/^Basic /)]));
});

it('checkouts of a fork have submodules without our credentials, whatever the configuration file names', async () => {
  expect(await conclusion({ match: 'lib', fork: true })).toBe('success');
  expect(new Set(namesOfSubmodule())).toEqual(new Set([undefined]));
});

it('checkouts have no submodules without the setting', async () => {
  expect(await conclusion({ submodules: false })).toBe('failure');
  expect(namesOfSubmodule()).toEqual([]);
});
