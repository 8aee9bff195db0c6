import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { noConfiguration, type Configuration } from '../../activities/adapters/configuration/configuration.ts';
import { safeName } from '../../activities/adapters/files/folders.ts';
import { commandExecutor } from '../../activities/adapters/local/command-executor/index.ts';
import type { Executor } from '../../activities/ports.ts';
import type { Job } from '../../workflows/contracts/activities.ts';
import { AgentRig } from '../support/agents.ts';
import { commandJob } from '../support/builders.ts';
import { inCheckouts } from '../support/local.ts';
import { startModel, type Model } from '../support/model/index.ts';
import type { Answer, Script, Trouble } from '../support/model/script.ts';
import { RESETS_AT } from '../support/model/troubles.ts';
import { agentHome, type AgentHome } from '../support/real-agents/home.ts';
import { running } from '../support/running.ts';

jest.setTimeout(300_000);

/** Real agents take as long as the machine lets them, so only jest limits the time of most jobs. In seconds. */
const PATIENT = { seconds: 600, silenceSeconds: 600 };

const SECRET = 'sk-a-very-secret-value';

interface Way {
  called: string;
  program: 'codex' | 'opencode' | 'gemini';
  agent(home: AgentHome): object;
  /** What it reports at once. OpenCode tries most things again for longer than a minute. */
  reports: Trouble[];
}

const WAYS: Way[] = [
  {
    called: 'the real Codex',
    program: 'codex',
    agent: () => ({ use: 'codex' }),
    reports: ['unauthorized', 'usageLimitReached', 'rateLimitedForAnHour', 'unavailable', 'cut'],
  },
  {
    called: 'the real OpenCode',
    program: 'opencode',
    agent: ({ model }) => ({ use: 'opencode', model }),
    reports: ['unauthorized', 'usageLimitReached', 'rateLimitedForAnHour', 'cut', 'html'],
  },
  {
    called: 'the real OpenCode by the Agent Client Protocol',
    program: 'opencode',
    agent: ({ model }) => ({ acp: 'opencode acp', model }),
    reports: ['unauthorized', 'usageLimitReached', 'rateLimitedForAnHour', 'html'],
  },
  {
    called: 'the real Gemini CLI',
    program: 'gemini',
    agent: ({ model }) => ({ use: 'gemini', model }),
    reports: ['unauthorized', 'rateLimitedForAnHour', 'overloaded'],
  },
];

describe.each(WAYS)('a job of $called', jobsOf);

function jobsOf({ program, agent, reports }: Way): void {
  let model: Model;
  let home: AgentHome;
  let rig: AgentRig;
  let executor: Executor & { close(): Promise<void> };
  let outside: string;

  beforeEach(async () => {
    rig = await AgentRig.create();
    outside = path.join('/var/tmp', path.basename(rig.home));
  });
  /** Nothing of a job may be left once there is its report. */
  afterEach(async () => {
    const left = [...(await running(rig.home)), ...(await home.left())];
    const folders = (await readdir(path.join(rig.home, 'data', 'jobs'), { recursive: true })).filter((each) =>
      /\/(?:tree|scratch)$/.test(each),
    );
    await executor.close();
    await model.close();
    await Promise.all([rig.dispose(), home.remove()]);
    expect({ left, folders, outside: existsSync(outside) }).toEqual({ left: [], folders: [], outside: false });
  });

  async function run(
    script: Script,
    over: Partial<Job> = {},
    more: { agent?: object; begun?: () => Promise<unknown> } = {},
  ): Promise<any> {
    model = await startModel(script);
    home = await agentHome(program, model.url);
    const configuration = (): Configuration => ({
      ...noConfiguration,
      prices: { fake: { input: 1, cachedInput: 0.1, output: 10 } },
      secrets: { API_KEY: { serves: () => true, read: () => ({ value: SECRET }) } },
    });
    const root = path.join(rig.home, 'data');
    executor = commandExecutor(inCheckouts({ root, environment: home.env, configuration }));
    const settings = JSON.stringify({ agents: { default: { ...agent(home), ...more.agent } } });
    const basis = await rig.commit('main', { '.gatehouse.yml': settings, 'shop.txt': 'open\n' });
    await more.begun?.();
    const job = commandJob(rig.repository, basis, { ...PATIENT, ...over });
    await executor.ensure(job);
    for (;;) {
      const look = await executor.look(job.key);
      if (look.is !== 'running') return look;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  const doing = (run: string): Answer[] => [{ run }, { say: 'I did it.' }];
  const shown = (file: string) => rig.git('show', `work:${file}`);

  it('that commits by itself keeps its commits, and what it spent is counted', async () => {
    const commit = 'echo closed > shop.txt && git commit --quiet --all --message Closed && echo more > more.txt';
    const report = await run(doing(commit));
    expect(report).toMatchObject({ is: 'completed', changed: true, summary: 'I did it.', usage: expect.anything() });
    expect(await rig.git('log', '--format=%s', 'main..work')).toBe('coder: T-1 A task\nClosed');
    expect([await shown('shop.txt'), await shown('more.txt')]).toEqual(['closed', 'more']);
  });

  it('that switches branches has its work published on the right one', async () => {
    const away = 'git checkout --quiet -b mine && echo mine > mine.txt && git add --all && git commit -qm Mine';
    expect(await run(doing(`${away} && git checkout --quiet -`))).toMatchObject({ is: 'completed', changed: true });
    expect(await shown('mine.txt')).toBe('mine');
    expect((await rig.git('branch', '--format=%(refname:short)')).split('\n').sort()).toEqual(['main', 'work']);
  });

  it('that leaves a server and other processes in sessions of their own has them ended', async () => {
    const quiet = '> /dev/null 2>&1 < /dev/null &';
    const server = `node -e "require('http').createServer().listen(0)" ${rig.home} ${quiet}`;
    const fork = `setsid sh -c 'sleep 600; : ${rig.home}' ${quiet}`;
    const unmarked = `env -i PATH="$PATH" setsid sh -c 'sleep 600; : ${rig.home}' ${quiet}`;
    const report = await run(doing(`${server} ${fork} ${unmarked} sleep 0.5; echo yes > there.txt`));
    expect(report).toMatchObject({ is: 'completed', summary: 'I did it.' });
    expect(await shown('there.txt')).toBe('yes');
  });

  it('that leaves a nested repository has its files in the change', async () => {
    const as = '-c user.name=Bo -c user.email=bo@shop.example';
    const nest = `git init --quiet nested && echo n > nested/n.txt && git -C nested add . && git -C nested ${as} commit -qm n`;
    const report = await run(doing(nest));
    expect(report).toMatchObject({ is: 'completed', changed: true, summary: expect.stringContaining('nested') });
    expect(await shown('nested/n.txt')).toBe('n');
  });

  it('that writes 50 MB, and prints more, is published', async () => {
    // Gemini CLI ends without an answer, with exit code 0, after a command that prints 2 MB. Such a job fails.
    const printed = program === 'gemini' ? 700_000 : 150_000_000;
    const write = `head -c 50000000 /dev/urandom > big.bin; od -v -An -tx1 big.bin | head -c ${printed}`;
    const report = await run(doing(write));
    expect(report).toMatchObject({ is: 'completed', changed: true });
    expect(await rig.git('cat-file', '-s', 'work:big.bin')).toBe('50000000');
    const sizes = await Promise.all((await filesOfJobs()).map(async (file) => (await readFile(file)).length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5_000_000);
  });

  it('that wants to leave the checkout goes on without', async () => {
    const leave: Answer = program === 'codex' ? { run: `echo x > ${outside}` } : { write: outside, text: 'x' };
    const report = await run([leave, { run: 'echo in > in.txt' }, { say: 'I stayed.' }]);
    expect(report).toMatchObject({ is: 'completed', changed: true, summary: 'I stayed.' });
    expect(await shown('in.txt')).toBe('in');
  });

  it('that prints a secret leaves it nowhere', async () => {
    const script: Answer[] = [
      { run: `echo "key ${SECRET}"; echo "${SECRET}" >&2; printenv API_KEY` },
      { say: `I used ${SECRET} for it.` },
    ];
    const report = await run(script, {}, { agent: { secrets: ['API_KEY'] } });
    expect(report).toMatchObject({ is: 'completed', summary: 'I used [secret API_KEY] for it.' });
    await executor.close(); // the checkout has been removed, too
    const texts = await Promise.all(
      (await filesIn(path.join(rig.home, 'data'))).map((file) => readFile(file, 'latin1')),
    );
    expect(texts.filter((text) => text.includes(SECRET))).toEqual([]);
    expect(texts.some((text) => text.includes('I used [secret API_KEY] for it.'))).toBe(true);
  });

  it('that resolves a conflict has its merge published', async () => {
    const begun = async () => {
      await rig.commit('work', { 'shop.txt': 'ours\n' });
      await rig.commit('main', { 'shop.txt': 'theirs\n' });
    };
    const both: Answer[] = [{ run: 'echo both > shop.txt && git add shop.txt' }, { say: 'I kept both.' }];
    const report = await run(both, { role: 'conflict-resolver', mode: 'resolve' }, { begun });
    expect(report).toMatchObject({ is: 'completed', changed: true });
    expect(await shown('shop.txt')).toBe('both');
    expect(await rig.git('rev-parse', 'work^2')).toBe(await rig.git('rev-parse', 'main'));
  });

  it('that answers with data which does not fit is asked again in its session', async () => {
    const scores = { complexity: 0.1, risk: 0.2, impact: 0.3, rationale: 'Small.' };
    const script: Answer[] = [{ say: '{ "complexity": "none" }' }, { say: JSON.stringify(scores) }];
    const report = await run(script, { role: 'merger', mode: 'read' });
    expect(report).toMatchObject({ is: 'completed', output: scores, changed: false });
    expect(JSON.stringify(model.asked[1]!.body)).toContain('Your role: merger.');
  });

  it.each(reports)('that cannot work now is tried again later: %s', async (trouble) => {
    const report = await run([{ run: 'echo half > half.txt' }, { trouble }]);
    // OpenCode does not say when.
    const ends = program === 'codex' && trouble === 'usageLimitReached' ? RESETS_AT * 1_000 : undefined;
    const later = ends === undefined ? expect.any(String) : new Date(ends).toISOString();
    expect(report).toMatchObject({ is: 'notNow', until: later });
    expect(await rig.git('branch', '--list', 'work')).toBe('');
  });

  it('whose model never answers is stopped after its silence', async () => {
    const report = await run([{ run: 'echo half > half.txt' }, { trouble: 'silence' }], { silenceSeconds: 8 });
    expect(report).toMatchObject({ is: 'failed', because: expect.stringContaining('after 8 s without output') });
    expect(await rig.git('branch', '--list', 'work')).toBe('');
  });

  const filesOfJobs = () => filesIn(path.join(rig.home, 'data', 'jobs', safeName(commandJob('', '').key)));
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
}
