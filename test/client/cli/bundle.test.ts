import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { keepBundlesIn } from '../../../activities/adapters/git/publishing/kept-bundles.ts';
import { presence } from '../../../activities/adapters/processes/presence.ts';
import { State } from '../../../activities/adapters/state/state.ts';
import { main } from '../../../client/cli/main.ts';
import { hostedRig, type HostedRig } from '../../activities/adapters/hosted/rig.ts';
import { program } from '../../support/programs.ts';
import { DATABASES } from '../../support/state/databases.ts';

jest.setTimeout(60_000);

const gatehouse = async (...words: string[]) => {
  const said: string[] = [];
  const out = jest.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const code = await main(['node', 'gatehouse', ...words, '--json']);
  out.mockRestore();
  return { code, answer: JSON.parse(said.join('')) as Record<string, unknown> };
};

describe('a push that a rule of the forge refuses', () => {
  let rig: HostedRig;
  const before = process.env['GATEHOUSE_DATA'];
  beforeEach(async () => {
    rig = await hostedRig({ wire: true });
    process.env['GATEHOUSE_DATA'] = rig.root;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['GATEHOUSE_DATA'];
    else process.env['GATEHOUSE_DATA'] = before;
    await rig.dispose();
  });

  it('names the command that writes its commits into a file, from which git fetches them', async () => {
    const change = await rig.claimed();
    const hook = "#!/bin/sh\necho 'GH013: Repository rule violations found' >&2\nexit 1\n";
    await writeFile(path.join(rig.bare, 'hooks', 'pre-receive'), hook, { mode: 0o755 });
    const report = await rig.forge.commitFiles(change, { files: { 'docs/plan.md': 'the plan' }, message: 'Plan' });
    expect(report).toEqual({ is: 'refused', because: expect.stringContaining('GH013') });
    expect(report).toMatchObject({ because: expect.stringContaining('gatehouse bundle run/default/PAY-1') });

    const file = path.join(rig.root, 'PAY-1.bundle');
    const { code, answer } = await gatehouse('bundle', 'PAY-1', '--output', file);
    expect({ code, answer }).toMatchObject({ code: 0, answer: { file, repository: rig.repository, branch: 'work' } });
    await program('git', ['fetch', '--quiet', file, 'work:kept'], { cwd: rig.bare });
    const shown = await program('git', ['show', 'kept:docs/plan.md'], { cwd: rig.bare });
    expect(shown.stdout.trim()).toBe('the plan');

    expect(await gatehouse('bundle', 'PAY-1', '--output', file)).toMatchObject({
      answer: { error: { code: 'not_possible' } },
    });
  });

  it('is not known of a run that had none', async () =>
    expect(await gatehouse('bundle', 'PAY-2')).toMatchObject({ answer: { error: { code: 'not_found' } } }));
});

it.each(DATABASES)('%s has refused commits encrypted, and none of a branch that no run has', async (_, fresh) => {
  const { location, remove } = await fresh();
  const cipher = { encrypt: (text: string) => `sealed ${text.length}`, decrypt: (text: string) => text };
  const state = new State(location, presence, cipher);
  const made = { repository: 'https://forge.example/acme/shop', branch: 'work', commit: 'c'.repeat(40) };
  const record = { ...made, base: 'main', state: 'open' } as const;
  const bytes = Buffer.from('commits');
  const holder = { workflowId: 'run/default/T-1', runId: '1' };
  expect(await keepBundlesIn(state, { read: async () => record })({ ...made, bytes })).toContain('are not kept');
  const keep = keepBundlesIn(state, { read: async () => ({ ...record, holder }) });
  for (let times = 0; times < 2; times += 1)
    expect(await keep({ ...made, bytes })).toContain('gatehouse bundle run/default/T-1');
  const rows = await state.query((db) => db.selectFrom('bundles').selectAll().execute());
  expect(rows).toMatchObject([{ ...made, workflow_id: 'run/default/T-1', bundle: 'sealed 12' }]);
  await state.close();
  await remove();
});
