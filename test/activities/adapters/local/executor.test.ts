import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { safeName } from '../../../../activities/adapters/files/folders.ts';
import { commandExecutor } from '../../../../activities/adapters/local/command-executor/index.ts';
import { stateOf } from '../../../../activities/adapters/processes/processes.ts';
import type { Executor } from '../../../../activities/ports.ts';
import type { Job, JobReport } from '../../../../workflows/contracts/activities.ts';
import { AgentRig } from '../../../support/agents.ts';
import { commandJob } from '../../../support/builders.ts';
import { removeFolder } from '../../../support/folders.ts';
import { inCheckouts } from '../../../support/local.ts';
import { program } from '../../../support/programs.ts';
import { running } from '../../../support/running.ts';
import { until } from '../../../support/until.ts';
import { executorContract } from '../executor-contract.ts';

jest.setTimeout(60_000);

let home: string;
let repository: string;
const git = async (...args: string[]) => (await program('git', args, { cwd: repository })).stdout;
const COMMIT = `git add --all && git -c user.name=Ana -c user.email=ana@shop.example \\
  commit --quiet --allow-empty -m 'a commit' && git rev-parse main`;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-executor-'));
  repository = path.join(home, 'shop');
  await program('git', ['init', '--quiet', '--template=', '--initial-branch', 'main', repository]);
});
afterEach(() => removeFolder(home));

/** A repository whose agent is this shell script, which may write to `$HOME_OF_TEST`. */
async function job(script: string, over: Partial<Job> = {}): Promise<Job> {
  await writeFile(path.join(repository, 'agent.sh'), script.replaceAll('$T', home));
  await writeFile(path.join(repository, '.gatehouse.yml'), 'agents: { default: sh agent.sh }\n');
  const basis = (await program('/bin/sh', ['-c', COMMIT], { cwd: repository })).stdout;
  return commandJob(repository, basis, { key: 'run/default/T-1/000000000001/1-coder/coder-1', ...over });
}
const open = (root = 'data') =>
  commandExecutor(
    inCheckouts({
      root: path.join(home, root),
      environment: {
        ...process.env,
        GATEHOUSE_SECRET: 'x',
        TEMPORAL_API_KEY: 'x',
        // The variables that a hook or an alias of git sets. No job may work in that repository.
        GIT_DIR: '/nonexistent',
        GIT_WORK_TREE: '/nonexistent',
        GIT_INDEX_FILE: '/nonexistent',
      },
    }),
  );

const ended = (executor: Executor, { key }: Job): Promise<JobReport> =>
  until(`${key} ends`, async () => {
    const look = await executor.look(key);
    return look.is === 'running' ? undefined : look;
  });
async function run(given: Job | Promise<Job>, executor: Executor = open()): Promise<any> {
  const the = await given;
  await executor.ensure(the);
  return ended(executor, the);
}

executorContract('the command executor', async () => {
  const rig = await AgentRig.create();
  const inTwoSeconds = 'new Date(Date.now() + 2000).toISOString()';
  const notNow = `JSON.stringify({ notNow: { because: "usage limit reached", until: ${inTwoSeconds} } })`;
  const scripts = {
    quick: 'echo begun >> $T/begun; echo done',
    endless: 'echo begun >> $T/begun; sleep 60',
    'not-now': `node -p '${notNow}' > $GATEHOUSE_RESULT`,
  };
  const opened: { close(): Promise<void> }[] = [];
  return {
    open() {
      const root = path.join(rig.home, 'data');
      const executor = commandExecutor(inCheckouts({ root, environment: process.env }));
      opened.push(executor);
      return executor;
    },
    job: (what, over) => rig.job(scripts[what], over),
    async withCoderOnly() {
      const { change } = await rig.job('true');
      const basis = await rig.commit('main', { '.gatehouse.yml': 'agents: { coder: sh agent.sh }\n' });
      return { ...change, basis };
    },
    begun: async () => (await rig.read('begun').catch(() => '')).split('\n').length - 1,
    async dispose() {
      for (const each of opened) await each.close();
      await rig.dispose();
    },
  };
});

describe('a command', () => {
  it('sees its base as in any clone', async () => {
    const the = await job('git diff --name-only origin/main...HEAD; git rev-parse origin/main');
    expect(await run(the)).toMatchObject({ is: 'completed', summary: the.change.basis });
  });

  it('may commit by itself, even if git knows no user', async () => {
    const script = 'echo x > x.txt; git add x.txt; git commit --quiet -m mine || exit 8; echo y > y.txt';
    const the = await job(script);
    const nobody = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
    const before = { ...process.env };
    Object.assign(process.env, nobody);
    try {
      const executor = commandExecutor(inCheckouts({ root: path.join(home, 'data'), environment: nobody }));
      expect(await run(the, executor)).toMatchObject({ is: 'completed', changed: true });
    } finally {
      process.env = before;
    }
    expect(await git('log', '--format=%s', 'main..work')).toBe('coder: T-1 A task\nmine');
  });

  it('commits as the machine’s user, even with a home of its own', async () => {
    const the = await job('echo x > x.txt; git add x.txt; git commit --quiet -m mine');
    const known = path.join(home, 'known');
    await writeFile(known, '[user]\n\tname = Bo \\"B\\" Li\n\temail = bo@shop.example\n');
    const { GIT_CONFIG_GLOBAL: before } = process.env;
    process.env['GIT_CONFIG_GLOBAL'] = known;
    try {
      const environment = { PATH: process.env['PATH'], HOME: home };
      const executor = commandExecutor(inCheckouts({ root: path.join(home, 'data'), environment }));
      expect(await run(the, executor)).toMatchObject({ is: 'completed', changed: true });
    } finally {
      if (before === undefined) delete process.env['GIT_CONFIG_GLOBAL'];
      else process.env['GIT_CONFIG_GLOBAL'] = before;
    }
    expect(await git('log', '--format=%an %ae %s', 'main..work')).toBe('Bo "B" Li bo@shop.example mine');
  });

  it('gets its job without gatehouse’s own variables, and its work is committed and pushed [A-183]', async () => {
    const the = await job(
      'cat > stdin.json; env > $T/env; cp "$GATEHOUSE_JOB" file.json; echo \'{"summary":"s","confidence":0.5,"usage":{"costCents":2}}\' > "$GATEHOUSE_RESULT"',
    );
    const report = await run(the);
    expect(report).toMatchObject({
      is: 'completed',
      summary: 's',
      changed: true,
      foreign: [],
      confidence: 0.5,
      usage: { costCents: 2 },
      head: await git('rev-parse', 'work'),
    });
    const reported = JSON.parse(await git('show', 'work:stdin.json'));
    expect(reported).toEqual({
      key: the.key,
      role: 'coder',
      task: the.task,
      change: { repository, base: 'main', branch: 'work', baseHead: await git('rev-parse', 'main') },
      brief: 'Do it.',
      priorOutputs: [],
    });
    expect(await git('show', 'work:file.json')).toBe(JSON.stringify(reported, null, 1));
    expect(await readFile(path.join(home, 'env'), 'utf8')).not.toMatch(/GATEHOUSE_SECRET|TEMPORAL_API_KEY/);
    expect(await git('log', '-1', '--format=%an %s', 'work')).toBe('gatehouse coder: T-1 A task');
    expect(await git('branch', '--show-current')).toBe('main');
  });

  it.each([
    ['standard output is the summary', 'echo printed', { is: 'completed', summary: 'printed', changed: false }],
    [
      'a failing exit code [A-195, A-241]',
      'echo said >&2; exit 7',
      { is: 'failed', because: expect.stringContaining('exit code 7'), detail: 'said' },
    ],
    [
      'a broken result',
      'echo "{" > "$GATEHOUSE_RESULT"',
      { is: 'failed', because: expect.stringContaining('not JSON') },
    ],
    [
      'a result of another shape',
      'echo \'{"summary":7}\' > "$GATEHOUSE_RESULT"',
      { is: 'failed', because: expect.stringContaining('summary') },
    ],
    [
      'an output that is too long',
      'node -e \'console.log(JSON.stringify({summary:"",output:"x".repeat(300000)}))\' > "$GATEHOUSE_RESULT"',
      { is: 'failed', because: expect.stringContaining('bytes') },
    ],
    [
      'a summary that is too long is cut',
      'node -e \'console.log("x".repeat(11000))\'',
      { is: 'completed', summary: expect.stringMatching(/^x{9988} \[…cut…\]$/) },
    ],
    [
      'a result that is a folder',
      'mkdir "$GATEHOUSE_RESULT"',
      { is: 'failed', because: 'The result is a folder: expected a file with JSON' },
    ],
    [
      'its own records overwritten',
      'd=$(dirname "$GATEHOUSE_RESULT"); rm -f $d/*.json; echo "{" > $d/job.json; mkdir $d/report.json',
      { is: 'completed' },
    ],
    [
      'commits before a failure are kept',
      'git -c user.name=x -c user.email=x commit --quiet --allow-empty -m mine; exit 7',
      { is: 'failed', because: expect.stringMatching(/Left behind: the branch work\. Kept in \S+\.bundle\.$/) },
    ],
    ['ended by a signal that we did not send [A-241]', 'kill -9 $$', { is: 'evicted', infrastructure: false }],
    ['the whole group gone [A-241]', 'kill -9 0', { is: 'evicted' }],
    [
      'silence [A-196]',
      'sleep 30',
      { is: 'failed', because: 'coder was stopped after 0.3 s without output.' },
      { silenceSeconds: 0.3 },
    ],
    [
      'too long, however much it prints [A-196]',
      'while true; do echo x; sleep 0.05; done',
      { is: 'failed', because: 'coder was stopped after 0.3 s, its time limit.' },
      { seconds: 0.3 },
    ],
    [
      'rewritten history',
      'git -c user.name=x -c user.email=x commit --quiet --amend --allow-empty -m other',
      { is: 'failed', because: expect.stringContaining('does not descend') },
    ],
  ])('%s', async (_, script, report, over: Partial<Job> = {}) => {
    expect(await run(job(script, over))).toMatchObject(report);
    expect(await running(home)).toEqual([]);
  });

  it('that only reads has its changes discarded and reported', async () => {
    const report = await run(
      job('echo x > x.txt; git add x.txt; git -c user.name=x -c user.email=x commit --quiet -m x; echo y > y.txt', {
        mode: 'read',
        role: 'reviewer',
      }),
    );
    expect(report).toMatchObject({ is: 'completed', changed: false, discarded: ['y.txt', 'x.txt'] });
    expect(await git('branch', '--list', 'work')).toBe('');
  });

  describe('that cannot begin fails with git’s message instead of being retried forever', () => {
    const commitOn = (tree: string, ...parents: string[]) =>
      git('-c', 'user.name=Bo', '-c', 'user.email=bo@shop.example', 'commit-tree', tree, ...parents, '-m', 'work');
    const treeWith = async (name: string) => {
      const blob = (await program('git', ['hash-object', '-w', '--stdin'], { cwd: repository, input: 'text' })).stdout;
      const input = `100644 blob ${blob}\t${name}\n`;
      return (await program('git', ['mktree'], { cwd: repository, input })).stdout;
    };

    it.each([
      ['histories that have nothing in common', 'resolve', 'a.txt', 'unrelated histories'],
      ['a name that git refuses', 'write', '.git', 'invalid path'],
      ['a name that this file system refuses', 'read', 'n'.repeat(300), 'File name too long'],
    ] as const)('for %s', async (_, mode, name, because) => {
      const the = await job('echo begun > $T/begun', { mode });
      await git('branch', 'work', await commitOn(await treeWith(name)));
      const executor = open();
      await executor.ensure(the);
      expect(await executor.look(the.key)).toMatchObject({ is: 'failed', because: expect.stringContaining(because) });
      expect(await executor.list()).toEqual([]);
      expect(existsSync(path.join(home, 'begun'))).toBe(false);
    });

    it('for a role without a command', async () => {
      const the = await job('true');
      await writeFile(path.join(repository, '.gatehouse.yml'), 'agents: { reviewer: sh agent.sh }\n');
      await git('-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example', 'commit', '--quiet', '-am', 'no command');
      const now = { ...the, change: { ...the.change, basis: await git('rev-parse', 'main') } };
      expect(await run(now)).toMatchObject({
        is: 'failed',
        because: expect.stringContaining('has no agent for coder'),
      });
    });
  });

  it('is retried if git could not be called', async () => {
    const the = await job('echo done');
    await rename(repository, `${repository}-moved`);
    const executor = open();
    await expect(executor.ensure(the)).rejects.toThrow('cannot be found');
    await rename(`${repository}-moved`, repository);
    expect(await run(the, executor)).toMatchObject({ is: 'completed' });
  });

  it('resolves a merge of files that git would now store in another form', async () => {
    await writeFile(path.join(repository, 'windows.txt'), 'one\r\ntwo\r\n');
    await job('true');
    await writeFile(path.join(repository, '.gitattributes'), '*.txt text\n');
    const the = await job("printf 'one\\r\\nboth\\r\\n' > windows.txt; echo done", { mode: 'resolve' });
    const stored = async (text: string, branch: string, parent: string) => {
      const blob = await program('git', ['hash-object', '-w', '--stdin'], { cwd: repository, input: text });
      await git('update-index', '--cacheinfo', `100644,${blob.stdout},windows.txt`);
      const as = ['-c', 'user.name=Bo', '-c', 'user.email=bo@shop.example'];
      const made = await git(...as, 'commit-tree', await git('write-tree'), '-p', parent, '-m', branch);
      await git('update-ref', `refs/heads/${branch}`, made);
    };
    const before = await git('rev-parse', 'main');
    await stored('one\r\nwork\r\n', 'work', before);
    await stored('one\r\nmain\r\n', 'main', before);
    expect(await run(the)).toMatchObject({ is: 'completed', changed: true });
    expect(await git('show', 'work:windows.txt')).toBe('one\nboth');
  });

  it('resolves an open merge, or fails with the names of unresolved files', async () => {
    const script =
      'test -n "$(git diff --name-only --diff-filter=U)" || exit 9; [ -e $T/good ] && echo both > a.txt; true';
    const the = await job(script, { mode: 'resolve', role: 'conflict-resolver' });
    const as = ['-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example'];
    const commit = async (branch: string, text: string) => {
      await git('checkout', '--quiet', branch);
      await writeFile(path.join(repository, 'a.txt'), text);
      await git('add', '--all');
      await git(...as, 'commit', '--quiet', '-m', branch);
    };
    await git('branch', 'work');
    await commit('work', 'ours');
    await commit('main', 'theirs');
    expect(await run(the)).toMatchObject({ is: 'failed', because: expect.stringContaining('a.txt') });
    await writeFile(path.join(home, 'good'), '');
    expect(await run({ ...the, key: `${the.key}-again` })).toMatchObject({ is: 'completed', changed: true });
    expect(await git('show', 'work:a.txt')).toBe('both');
    expect((await git('show', '-s', '--format=%P', 'work')).split(' ')).toHaveLength(2);
  });

  it('shows its progress and its last output [A-195, A-243]', async () => {
    const executor = open();
    const the = await job(
      'echo \'GATEHOUSE_PROGRESS {"done":1,"total":4,"label":"tests"}\' >&2; echo working; while [ ! -e $T/go ]; do sleep 0.02; done',
    );
    await executor.ensure(the);
    await until('progress', async () => {
      const look = await executor.look(the.key);
      return look.is === 'running' && look.progress && look.lastOutput
        ? expect(look).toEqual({
            is: 'running',
            progress: { done: 1, total: 4, label: 'tests' },
            lastOutput: 'working',
          }) === undefined
        : undefined;
    });
    await writeFile(path.join(home, 'go'), '');
    expect(await ended(executor, the)).toMatchObject({ is: 'completed' });
  });

  it('is stopped with all its processes, and changes nothing from then on', async () => {
    const executor = open();
    const the = await job(
      'echo x > x.txt; (setsid sh -c "echo $T/child; sleep 60" &) ; sh -c "sleep 60; echo $T/other"',
    );
    await executor.ensure(the);
    await until('children', async () => (await running(`${home}/child`)).length > 0);
    await executor.stop(the.key);
    expect(await executor.look(the.key)).toMatchObject({ is: 'stopped' });
    expect(await running(home)).toEqual([]);
    expect(await git('branch', '--list', 'work')).toBe('');
  });

  it('is interrupted by an orderly stop, and nothing new begins', async () => {
    const executor = open();
    const the = await job('sleep 60');
    await executor.ensure(the);
    await executor.close();
    expect(await open().look(the.key)).toMatchObject({ is: 'interrupted' });
    await expect(executor.ensure({ ...the, key: 'other' })).rejects.toThrow('stopping');
  });

  it('that was killed has its remaining processes ended by an orderly stop', async () => {
    const executor = open();
    const the = await job('setsid sh -c "echo > $T/begun; sleep 60; : $T" & wait');
    await executor.ensure(the);
    await until('it has begun', () => existsSync(path.join(home, 'begun')));
    const run = path.join(home, 'data', 'jobs', safeName(the.key), 'run');
    process.kill(-JSON.parse(await readFile(path.join(run, 'process.json'), 'utf8')).pid, 'SIGKILL');
    await until('it is gone', async () => (await stateOf(run)).is === 'vanished');
    await executor.close();
    expect(await running(home)).toEqual([]);
    expect(await open().look(the.key)).toMatchObject({ is: 'evicted' });
  });

  it('that ignores SIGTERM is ended with all others by an orderly stop', async () => {
    const executor = open();
    const the = await job(`trap '' TERM; echo $T >> $T/begun; while :; do sleep 0.1; done`);
    const all = ['a', 'b', 'c', 'd'].map((key) => ({ ...the, key: `${the.key}-${key}` }));
    for (const each of all) await executor.ensure(each);
    const begun = async () => (await readFile(path.join(home, 'begun'), 'utf8').catch(() => '')).split('\n').length;
    await until('all have begun', async () => (await begun()) === 5);
    await executor.close();
    expect(await running(home)).toEqual([]);
    for (const each of all) expect(await open().look(each.key)).toMatchObject({ is: 'interrupted' });
    expect(await open().list()).toEqual([]);
  });

  it('has its checkout removed by the next worker if its own died first', async () => {
    const over = await job('true');
    const first = open();
    const treeOf = ({ key }: Job) => path.join(home, 'data', 'jobs', safeName(key), 'tree');
    const report = await run(over, first);
    const live = { ...(await job('sleep 60')), key: `${over.key}-live` };
    await first.ensure(live);
    await mkdir(treeOf(over), { recursive: true });
    await writeFile(path.join(treeOf(over), 'left.txt'), '');
    const { state } = inCheckouts({ root: path.join(home, 'data'), environment: {} });
    await state.query((db) => db.updateTable('jobs').set({ unfinished: 1 }).where('key', '=', over.key).execute());
    expect(await first.list()).toContainEqual({ key: over.key, running: false });
    // A checkout that cannot be removed does not delay the others.
    await writeFile(path.join(home, 'data', 'jobs', 'a-file'), '');

    const next = open();
    await until('it is swept', () => !existsSync(treeOf(over)));
    expect(await next.look(over.key)).toEqual(report);
    expect(existsSync(treeOf(live))).toBe(true);
    await next.stop(live.key);
  });

  it('is launched by the next worker if its own was killed before the command began', async () => {
    const todo = await job('echo begins >> $T/begun');
    const run = path.join(home, 'data', 'jobs', safeName(todo.key), 'run');
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('exit', resolve));
    await mkdir(run, { recursive: true });
    await writeFile(path.join(run, 'launched'), `${dead.pid} says when it begins`);
    const executor = open();
    await executor.ensure(todo);
    expect(await ended(executor, todo)).toMatchObject({ is: 'completed' });
    expect(await readFile(path.join(home, 'begun'), 'utf8')).toBe('begins\n');
  });

  it('is adopted by the next worker if its own was killed [A-195, A-240]', async () => {
    const the = await job(
      'echo begun >> $T/begun; while [ ! -e $T/go ]; do sleep 0.02; done; echo x > x.txt; echo done',
    );
    const index = fileURLToPath(
      new URL('../../../../activities/adapters/local/command-executor/index.ts', import.meta.url),
    );
    const support = new URL('../../../support/local.ts', import.meta.url).href;
    const code = `import { commandExecutor } from ${JSON.stringify(index)};
      import { inCheckouts } from ${JSON.stringify(support)};
      const options = { root: ${JSON.stringify(path.join(home, 'data'))}, environment: process.env };
      const executor = commandExecutor(inCheckouts(options));
      await executor.ensure(${JSON.stringify(the)});
      setInterval(() => undefined, 1000);`;
    const file = path.join(home, 'worker.mts');
    await writeFile(file, code);
    const worker = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: 'inherit',
    });
    await until('the agent has begun', () => readFile(path.join(home, 'begun'), 'utf8').catch(() => undefined));
    worker.kill('SIGKILL');
    const executor = open();
    await executor.ensure(the);
    expect(await executor.look(the.key)).toMatchObject({ is: 'running' });
    await writeFile(path.join(home, 'go'), '');
    expect(await ended(executor, the)).toMatchObject({ is: 'completed', changed: true });
    expect(await readFile(path.join(home, 'begun'), 'utf8')).toBe('begun\n');
  });

  it.each([
    ['a plain name on PATH', 'node x.mjs', []],
    ['a plain name that is not on PATH', 'no-such-agent --x', [{ path: '.gatehouse.yml:agents.default' }]],
    ['a path in the repository', './agent.sh', []],
    ['a path that does not exist', 'tools/agent.sh', [{ path: '.gatehouse.yml:agents.default' }]],
    ['anything else', '"$AGENT" --x', []],
    ["a shell's own word", 'ulimit -t 600; node x.mjs', []],
    ['a word in front of it', 'command node x.mjs', []],
    ['a loop', 'until node x.mjs; do sleep 1; done', []],
    ['a variable in front of it', 'FOO=1 node x.mjs', []],
    ['a variable in front of a missing program', 'FOO=1 no-such-agent', [{ path: '.gatehouse.yml:agents.default' }]],
  ])('has its program checked before anything begins: %s', async (_, command, fields) => {
    const { change } = await job('true');
    await writeFile(path.join(repository, '.gatehouse.yml'), `agents: { default: ${JSON.stringify(command)} }\n`);
    await git('-c', 'user.name=a', '-c', 'user.email=a', 'commit', '--quiet', '-am', 'settings');
    expect(await open().examine({ ...change, basis: await git('rev-parse', 'main') }, ['coder'])).toMatchObject(fields);
  });
});
