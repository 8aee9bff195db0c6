import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { noConfiguration, type Configuration } from '../../../../activities/adapters/configuration/configuration.ts';
import { safeName } from '../../../../activities/adapters/files/folders.ts';
import { commandExecutor } from '../../../../activities/adapters/local/command-executor/index.ts';
import type { Executor } from '../../../../activities/ports.ts';
import type { Job, JobReport } from '../../../../workflows/contracts/activities.ts';
import { acpCommand, notesIn, type Script } from '../../../support/agents/acp-rig.ts';
import { AgentRig } from '../../../support/agents.ts';
import { commandJob } from '../../../support/builders.ts';
import { inCheckouts } from '../../../support/local.ts';
import { running } from '../../../support/running.ts';
import { until } from '../../../support/until.ts';

jest.setTimeout(120_000);

const SECRET = 'sk-a-very-"secret"-value';

let rig: AgentRig;
let executor: Executor & { close(): Promise<void> };
beforeEach(async () => {
  rig = await AgentRig.create();
  executor = open();
});
afterEach(async () => {
  await executor.close();
  await rig.dispose();
});

const configuration = (): Configuration => ({
  ...noConfiguration,
  prices: { fast: { input: 2, output: 8 } },
  secrets: { API_KEY: { serves: () => true, read: () => ({ value: SECRET }) } },
});
const open = () =>
  commandExecutor(inCheckouts({ root: path.join(rig.home, 'data'), environment: process.env, configuration }));

/** A job whose agent is described by these settings. */
async function jobOf(agent: object, over: Partial<Job> = {}): Promise<Job> {
  const settings = JSON.stringify({ agents: { default: agent } });
  const basis = await rig.commit('main', { '.gatehouse.yml': settings, 'README.md': 'A shop.\n' });
  return commandJob(rig.repository, basis, over);
}
const acpJob = async (script: Script, over: Partial<Job> = {}, agent: object = {}): Promise<Job> =>
  jobOf({ acp: await acpCommand(rig.home, script), ...agent }, over);

const ended = ({ key }: Job): Promise<any> =>
  until(`${key} ends`, async () => {
    const look = await executor.look(key);
    return look.is === 'running' ? undefined : look;
  });
async function run(the: Job): Promise<Extract<JobReport, { is: 'completed' }> & Extract<JobReport, { is: 'failed' }>> {
  await executor.ensure(the);
  return ended(the);
}
const folderOf = ({ key }: Job) => path.join(rig.home, 'data', 'jobs', safeName(key));
const begun = () => until('the agent is at work', async () => (await notesIn(rig.home)).some((each) => each.method === 'session/prompt') || undefined); // prettier-ignore

describe('a job by the Agent Client Protocol', () => {
  it('is done in the checkout, published, and its usage is reported', async () => {
    const turn = [
      { say: 'I greet.' },
      { plan: [['greet', 'in_progress']] }, // prettier-ignore
      { write: ['hello.txt', 'hello\n'] },
      { say: '\nI have greeted.' },
      { cost: 0.02 },
    ];
    const report = await run(await acpJob({ turns: [turn] }));
    expect(report).toMatchObject({
      is: 'completed',
      summary: 'I greet.\nI have greeted.',
      changed: true,
      usage: { costCents: 2 },
    });
    expect(await rig.git('show', 'work:hello.txt')).toBe('hello');
    expect((await notesIn(rig.home))[0]).toMatchObject({ cwd: expect.stringMatching(/tree$/) });
    const prompt = (await notesIn(rig.home)).find(({ method }) => method === 'session/prompt').params.prompt[0].text;
    expect(prompt).toContain('T-1: A task');
    expect(await running(rig.home)).toEqual([]);
  });

  it('answers with data, which is asked for once more in the same session', async () => {
    const scores = { complexity: 0.1, risk: 0.2, impact: 0.3, rationale: 'Small.' };
    const turns = [[{ say: 'I like it.' }], [{ say: `\`\`\`json\n${JSON.stringify(scores)}\n\`\`\`` }]];
    const report = await run(await acpJob({ turns }, { role: 'merger', mode: 'read' }));
    expect(report).toMatchObject({ is: 'completed', output: scores, summary: 'Small.' });
    expect((await notesIn(rig.home)).filter(({ method }) => method === 'session/new')).toHaveLength(1);
  });

  it('shows progress and what it says while it runs', async () => {
    const turn = [{ say: 'Half.\n' }, { plan: [['a', 'completed'], ['b', 'in_progress']] }, { until: `${rig.home}/go` }]; // prettier-ignore
    const the = await acpJob({ turns: [turn] });
    await executor.ensure(the);
    const shown = await until('it shows progress', async () => {
      const look = await executor.look(the.key);
      return look.is === 'running' && look.progress ? look : undefined;
    });
    expect(shown).toMatchObject({ progress: { done: 1, total: 2, label: 'b' }, lastOutput: 'Half.' });
    expect(existsSync(path.join(folderOf(the), 'answered'))).toBe(true);
    await writeFile(`${rig.home}/go`, '');
    expect(await ended(the)).toMatchObject({ is: 'completed' });
  });

  it('that cannot work now is reported so, and what it did is discarded', async () => {
    const error = { code: -32603, message: 'Internal error: usage limit reached, try again in 2 hours' };
    const report = await run(await acpJob({ turns: [[{ write: ['half.txt', 'x'] }, { fail: error }]] }));
    expect(report).toMatchObject({ is: 'notNow', because: expect.stringContaining('usage limit reached') });
    expect(await rig.git('branch', '--list', 'work')).toBe('');
  });

  it('that fails says why, and what it has spent', async () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 500_000 };
    const session = { models: { availableModels: [{ modelId: 'fast' }] } };
    const script = { session, turns: [[{ stop: 'max_tokens', usage }]] };
    expect(await run(await acpJob(script, {}, { model: 'fast' }))).toMatchObject({
      is: 'failed',
      because: 'It reached the limit of tokens of its model.',
      usage: { inputTokens: 1_000_000, outputTokens: 500_000, costCents: 600 },
    });
  });

  it('gets its own variables and secrets, and prints no secret anywhere', async () => {
    const turn = [
      { env: 'API_KEY' },
      { say: '\n' },
      { spell: SECRET },
      { tool: `curl ${SECRET}` },
      { plan: [[SECRET, 'in_progress']] },
      { stderr: `${SECRET}\n` },
      { raw: `nonsense with ${SECRET}` },
      { say: `I used ${SECRET} and ` },
      { env: 'FLAG' },
    ];
    const the = await acpJob({ turns: [turn] }, {}, { secrets: ['API_KEY'], env: { FLAG: 'on' } });
    const report = await run(the);
    expect(report).toMatchObject({ is: 'completed', summary: 'I used [secret API_KEY] and on' });
    for (const file of await readdir(folderOf(the), { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      expect(await readFile(path.join(file.parentPath, file.name), 'utf8')).not.toMatch(/very-\\?"secret/);
    }
    const log = await readFile(path.join(folderOf(the), 'run', 'stdout.log'), 'utf8');
    expect(log).toContain('→ curl [secret API_KEY]');
  });

  it('keeps its folder small in a session of 5,000 updates', async () => {
    const the = await acpJob({ turns: [[{ flood: 5_000, text: `${'What it does, in detail. '.repeat(40)}\n` }, { huge: 3_000_000 }]] }); // prettier-ignore
    expect(await run(the)).toMatchObject({ is: 'completed' });
    const files = (await readdir(folderOf(the), { recursive: true })).map((file) => path.join(folderOf(the), file));
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5_000_000);
  });
});

describe('the end of such a job', () => {
  it('is adopted in the middle of its session by the next worker, if its own was killed', async () => {
    const turns = [[{ say: 'I begin.' }, { until: `${rig.home}/go` }, { write: ['x.txt', 'x'] }, { say: ' Done.' }]];
    const the = await acpJob({ turns });
    const at = (file: string) => JSON.stringify(fileURLToPath(new URL(`../../../../${file}`, import.meta.url)));
    const code = `import { commandExecutor } from ${at('activities/adapters/local/command-executor/index.ts')};
      import { inCheckouts } from ${at('test/support/local.ts')};
      const options = { root: ${JSON.stringify(path.join(rig.home, 'data'))}, environment: process.env };
      const executor = commandExecutor(inCheckouts(options));
      await executor.ensure(${JSON.stringify(the)});
      setInterval(() => undefined, 1000);`;
    const file = path.join(rig.home, 'worker.mts');
    await writeFile(file, code);
    const worker = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: 'inherit',
    });
    await begun();
    worker.kill('SIGKILL');
    await executor.ensure(the);
    expect(await executor.look(the.key)).toMatchObject({ is: 'running' });
    await writeFile(`${rig.home}/go`, '');
    expect(await ended(the)).toMatchObject({ is: 'completed', changed: true, summary: 'I begin. Done.' });
    const notes = await notesIn(rig.home);
    expect(notes.filter(({ started }) => started)).toHaveLength(1);
    expect(notes.filter(({ method }) => method === 'session/new')).toHaveLength(1);
  });

  it('is cancelled through the protocol when somebody stops it', async () => {
    const the = await acpJob({ turns: [[{ say: 'I work.' }, { untilCancelled: 'cancelled' }]] });
    await executor.ensure(the);
    await begun();
    await executor.stop(the.key);
    expect(await notesIn(rig.home)).toContainEqual({ cancelled: true });
    expect(await running(rig.home)).toEqual([]);
    expect(await executor.look(the.key)).toMatchObject({ is: 'stopped' });
  });

  it('comes also for an agent that ignores its cancel and every signal', async () => {
    const the = await acpJob({ ignoresSignals: true, turns: [[{ hang: true }]] });
    await executor.ensure(the);
    await begun();
    await executor.stop(the.key);
    expect(await running(rig.home)).toEqual([]);
  });

  it('ends what the agent left in sessions of their own', async () => {
    const orphan = `setsid sh -c 'echo $$ > ${rig.home}/orphan; sleep 600 ${rig.home}'`;
    const turn = [{ spawn: `exec setsid sh -c "sleep 600; : ${rig.home}"` }, { spawn: orphan }, { until: `${rig.home}/orphan` }]; // prettier-ignore
    const the = await acpJob({ turns: [[...turn, { say: 'Done.' }]] });
    expect(await run(the)).toMatchObject({ is: 'completed' });
    expect(await running(rig.home)).toEqual([]);
  });

  it('is an eviction if the driver was killed', async () => {
    const the = await acpJob({ turns: [[{ hang: true }]] });
    await executor.ensure(the);
    await begun();
    const [driver] = await drivers();
    process.kill(driver!, 'SIGKILL');
    expect(await ended(the)).toMatchObject({ is: 'evicted' });
    expect(await running(rig.home)).toEqual([]);
  });
});

/** The pids of the drivers of this rig's jobs. */
async function drivers(): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [args, env] = await Promise.all(
      ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    );
    if (/\/driver-\w+\/agent\.js\0$/.test(args!) && env!.includes(rig.home)) found.push(Number(pid));
  }
  return found;
}

describe('a command with secrets', () => {
  const jobOfScript = async (script: string) => {
    await rig.commit('main', { 'agent.sh': script });
    return jobOf({ command: 'sh agent.sh', secrets: ['API_KEY'] });
  };

  it('works as other commands do, and prints no secret', async () => {
    const the = await jobOfScript(`
      cat > stdin.json; cmp stdin.json "$GATEHOUSE_JOB" || exit 9
      echo "key $API_KEY"; echo "err $API_KEY" >&2
      echo 'GATEHOUSE_PROGRESS {"done":1,"total":2}' >&2
      node -e 'fs.writeFileSync(process.env.GATEHOUSE_RESULT, JSON.stringify({ summary: "with " + process.env.API_KEY }))'`);
    expect(await run(the)).toMatchObject({ is: 'completed', summary: 'with [secret API_KEY]', changed: true });
    const log = (name: string) => readFile(path.join(folderOf(the), 'run', `${name}.log`), 'utf8');
    expect(await log('stdout')).toBe('key [secret API_KEY]\n');
    expect(await log('stderr')).toBe('err [secret API_KEY]\nGATEHOUSE_PROGRESS {"done":1,"total":2}\n');
  });

  it.each([
    ['exit 3', { is: 'failed', because: 'coder ended with exit code 3.' }],
    ['exit 75', { is: 'notNow' }],
    ['kill -9 $$', { is: 'evicted' }],
    ['echo later; (sleep 600) & exit 0', { is: 'completed', summary: 'later' }],
  ])('ends as other commands do: %s', async (script, report) => {
    expect(await run(await jobOfScript(script))).toMatchObject(report);
    expect(await running(rig.home)).toEqual([]);
  });
});
