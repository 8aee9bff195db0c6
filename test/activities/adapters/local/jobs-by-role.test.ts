import { jest } from '@jest/globals';
import { gitForge } from '../../../../activities/adapters/local/git-forge/index.ts';
import { RunInput } from '../../../../workflows/gates/index.ts';
import { AgentRig } from '../../../support/agents.ts';
import { wish } from '../../../support/builders.ts';
import { stateIn } from '../../../support/state/databases.ts';

jest.setTimeout(60_000);

let rig: AgentRig;
beforeEach(async () => void (rig = await AgentRig.create()));
afterEach(() => rig.dispose());

describe.each(['fixer', 'ci-fixer'])('a %s', (role) => {
  it('works on the change’s own branch and pushes to it, without a pull request [A-184, A-185]', async () => {
    const job = await rig.job('git rev-parse HEAD > $T/began; git branch --show-current >> $T/began; echo y > y.txt', {
      role,
    });
    const before = await rig.commit('work', { 'x.txt': 'x' });
    await rig.git('checkout', '--quiet', 'main');
    const report = await rig.run(job);
    const head = await rig.git('rev-parse', 'work');
    expect(report).toMatchObject({ is: 'completed', changed: true, head });
    expect(report).not.toHaveProperty('pullRequest');
    expect((await rig.read('began')).trim().split('\n')).toEqual([before, 'work']);
    expect(await rig.git('log', '--format=%H', 'work~1..work')).toBe(head);
    expect(await rig.git('rev-parse', 'work~1')).toBe(before);
    expect((await rig.git('for-each-ref', '--format=%(refname:short)')).split('\n').sort()).toEqual(['main', 'work']);
  });
  it('that finds nothing to do completes [A-185]', async () => {
    const job = await rig.job('echo all is well', { role });
    const before = await rig.commit('work', { 'x.txt': 'x' });
    await rig.git('checkout', '--quiet', 'main');
    expect(await rig.run(job)).toMatchObject({
      is: 'completed',
      changed: false,
      summary: 'all is well',
      head: before,
    });
    expect(await rig.git('rev-parse', 'work')).toBe(before);
  });
});

describe('a conflict-resolver', () => {
  const brief = 'The merge of main into the work branch stands in conflict. Resolve these files:\n- a.txt';
  const resolver = { role: 'conflict-resolver', mode: 'resolve', brief } as const;

  it('gets the whole history, the base that is merged, and a short brief [A-186, A-190]', async () => {
    const script = [
      'cat > $T/told.json',
      'git rev-list --count HEAD > $T/seen',
      'git rev-parse MERGE_HEAD origin/main >> $T/seen',
      'git diff --name-only --diff-filter=U >> $T/seen',
      'echo both > a.txt',
    ];
    const job = await rig.job(script.join('\n'), resolver);
    await rig.commit('main', { 'a.txt': 'as it was' });
    for (const text of ['1', '2', '3']) await rig.commit('work', { 'a.txt': text });
    const base = await rig.commit('main', { 'a.txt': 'theirs' });
    expect(await rig.run(job)).toMatchObject({ is: 'completed', changed: true });
    expect((await rig.read('seen')).trim().split('\n')).toEqual(['5', base, base, 'a.txt']);
    expect(JSON.parse(await rig.read('told.json'))).toMatchObject({ brief, change: { base: 'main', branch: 'work' } });
    expect(await rig.git('show', 'work:a.txt')).toBe('both');
    expect(await rig.git('rev-parse', 'work^2')).toBe(base);
  });
  it('is not run if the base merges cleanly: that merge is pushed [A-190, A-192]', async () => {
    const job = await rig.job('echo begun > $T/begun', resolver);
    await rig.commit('work', { 'x.txt': 'x' });
    const base = await rig.commit('main', { 'added.txt': 'only added' });
    expect(await rig.run(job)).toMatchObject({ is: 'completed', changed: true });
    expect(await rig.git('rev-parse', 'work^2')).toBe(base);
    await expect(rig.read('begun')).rejects.toThrow('ENOENT');
  });
});

describe.each([
  ['a merger', 'merger', 'work'],
  ['an on-call', 'on-call', 'main'],
])('%s', (_, role, branch) => {
  it('reads a whole checkout, returns structured output, and changes nothing [A-187, A-188]', async () => {
    const output = '{"summary":"I looked.","output":{"risk":0.1}}';
    const script = [
      'git rev-parse HEAD > $T/seen',
      'git rev-list --count HEAD >> $T/seen',
      'git rev-parse --is-shallow-repository >> $T/seen',
      'ls >> $T/seen',
      'echo mine > mine.txt',
      `echo '${output}' > "$GATEHOUSE_RESULT"`,
    ];
    const job = await rig.job(script.join('\n'), { role, mode: 'read' });
    await rig.commit('work', { 'x.txt': 'x' });
    const base = await rig.commit('main', { 'b.txt': 'b' });
    const head = await rig.git('rev-parse', branch);
    const report = await rig.run({ ...job, change: { ...job.change, branch } });
    expect(report).toMatchObject({
      is: 'completed',
      summary: 'I looked.',
      output: { risk: 0.1 },
      changed: false,
      discarded: ['mine.txt'],
    });
    const own = branch === 'main' ? 'b.txt' : 'x.txt';
    expect((await rig.read('seen')).trim().split('\n')).toEqual([head, '2', 'false', 'agent.sh', own]);
    expect(await rig.git('rev-parse', 'work', 'main')).toBe(`${await rig.git('rev-parse', 'work')}\n${base}`);
    expect(await rig.git('status', '--porcelain')).toBe('');
  });
});

describe('a job’s input is checked when its run starts', () => {
  it.each([
    ['a mode, which only the kind of a step gives', { pipeline: { steps: [{ kind: 'coder', mode: 'odd' }] } }, /mode/],
    ['a kind that nobody knows', { pipeline: { steps: [{ kind: 'coder2' }] } }, /one of/],
    ['a branch without a name', { change: { repository: '/srv/shop.git', branch: '' } }, /branch/],
    ['no repository', { change: { branch: 'work' } }, /repository/],
  ])('%s is refused [A-191]', (_, over, message) => {
    const { success, error } = RunInput.safeParse({ ...wish({ kind: 'coder' }), ...over });
    expect(success).toBe(false);
    expect(JSON.stringify(error!.issues)).toMatch(message);
  });
  it.each([
    'https://evil.example/shop.git',
    'ssh://git@evil.example/shop.git',
    'git@evil.example:shop.git',
    'ext::sh x',
  ])('a repository elsewhere, such as %s, is refused [A-191]', async (repository) => {
    const forge = gitForge({ root: rig.home, environment: process.env, state: stateIn(rig.home) });
    expect(await forge.examine({ repository, branch: 'work', branchGiven: false })).toMatchObject({
      is: 'refused',
      fields: [{ path: 'change.repository' }],
    });
  });
});
