import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { CheckRuns } from '../../../../activities/adapters/checks/check-runs.ts';
import { noConfiguration } from '../../../../activities/adapters/configuration/configuration.ts';
import { commandExecutor } from '../../../../activities/adapters/local/command-executor/index.ts';
import { processEnvironments } from '../../../../activities/adapters/local/process-environments/index.ts';
import { exclusivelyIn } from '../../../../activities/adapters/processes/exclusive.ts';
import { openIsolation } from '../../../../activities/adapters/processes/isolation/isolation.ts';
import type { Job } from '../../../../workflows/contracts/activities.ts';
import { AgentRig } from '../../../support/agents.ts';
import { isolationHere } from '../../../support/isolation.ts';
import { inCheckouts, workspaceIn } from '../../../support/local.ts';
import { stateIn } from '../../../support/state/databases.ts';
import { until } from '../../../support/until.ts';

jest.setTimeout(60_000);

const { works, because } = await isolationHere();
const isolated = works ? describe : describe.skip;

let rig: AgentRig;
const opened: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  rig = await AgentRig.create();
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  await rig.dispose();
});

const root = () => path.join(rig.home, 'data');
const isolation = () =>
  openIsolation({
    ...{ root: root(), environment: process.env, setting: 'bubblewrap', closed: [] },
    isHosted: () => false,
    hidden: () => [],
  });
const KEY = 'a-key-of-the-provider';
const configuration = () => ({
  ...noConfiguration,
  secrets: { PROVIDER_KEY: { for: ['agents' as const], serves: () => true, read: () => ({ value: KEY }) } },
});
const options = () => inCheckouts({ root: root(), environment: process.env, isolation: isolation(), configuration });
function open() {
  const executor = commandExecutor(options());
  opened.push(executor);
  return executor;
}
const ended = (executor: ReturnType<typeof open>, { key }: Job) =>
  until(`${key} ends`, async () => {
    const look = await executor.look(key);
    return look.is === 'running' ? undefined : look;
  });

isolated(`isolated${because && ` (not here: ${because})`}`, () => {
  it('an agent works on its checkout, and its result and its work arrive', async () => {
    const job = await rig.job(
      `git log --oneline > /dev/null && git fetch --quiet origin && echo work > work.txt && git add work.txt
       test "$(pwd)" = "$PWD" && cat > /tmp/input && node -e '
         const { key } = JSON.parse(require("fs").readFileSync(process.env.GATEHOUSE_JOB, "utf8"));
         const same = JSON.parse(require("fs").readFileSync("/tmp/input", "utf8")).key === key;
         require("fs").writeFileSync(process.env.GATEHOUSE_RESULT, JSON.stringify({ summary: "done: " + same }));'`,
    );
    const executor = open();
    await executor.ensure(job);
    expect(await ended(executor, job)).toMatchObject({ is: 'completed', changed: true, summary: 'done: true' });
    expect(await rig.git('show', `${job.change.branch}:work.txt`)).toBe('work');
  });

  it('an agent with secrets gets them by our driver, and what it prints of them is replaced', async () => {
    const job = await rig.job(
      'echo "$PROVIDER_KEY" | rev | rev; echo "{\\"summary\\": \\"$PROVIDER_KEY\\"}" > "$GATEHOUSE_RESULT"',
    );
    await writeFile(
      path.join(rig.repository, '.gatehouse.yml'),
      'agents: { default: { command: sh agent.sh, secrets: [PROVIDER_KEY] } }\n',
    );
    const basis = await rig.commit('main', {});
    const executor = open();
    const given = { ...job, mode: 'read', change: { ...job.change, basis } } as const;
    await executor.ensure(given);
    const report = await ended(executor, given);
    expect(report).toMatchObject({ is: 'completed' });
    expect(JSON.stringify(report)).not.toContain(KEY);
  });

  it('a job is adopted by the next worker, and stopped with all that it has started', async () => {
    const job = await rig.job('echo begun; sleep 2; echo "{\\"summary\\": \\"adopted\\"}" > "$GATEHOUSE_RESULT"');
    await open().ensure(job);
    const adopted = await ended(open(), job);
    expect(adopted).toMatchObject({ is: 'completed', summary: 'adopted' });

    const endless = await rig.job('env -i setsid sleep 600 & sleep 600', {
      key: 'run/default/T-2/000000000001/1-coder/coder-1',
    });
    const executor = open();
    await executor.ensure(endless);
    expect(await executor.look(endless.key)).toMatchObject({ is: 'running' });
    expect(await executor.stop(endless.key)).toBe(true);
    expect(await executor.look(endless.key)).toMatchObject({ is: 'stopped' });
  });

  it('an agent leaves no link where the worker writes', async () => {
    await writeFile(path.join(rig.home, 'theirs'), 'kept');
    const links = ['answered', 'cancel', '../in/cancel', '../in/shown.json'].map(
      (name) => `ln -sf ${rig.home}/theirs "$(dirname "$GATEHOUSE_RESULT")/${name}"`,
    );
    const job = await rig.job(
      `{ ${links.join('; ')}; ls -l "$(dirname "$GATEHOUSE_RESULT")/.."; } 2>/dev/null; echo done`,
    );
    const executor = open();
    await executor.ensure(job);
    expect(await ended(executor, job)).toMatchObject({ is: 'completed' });
    expect(await rig.read('theirs')).toBe('kept');
  });

  it('a check runs in its checkout, and cannot change its own record', async () => {
    const basis = await rig.commit('main', {
      '.gatehouse.yml': JSON.stringify({
        checks: {
          good: 'test -e .git && test "$CI" = true && echo x > made',
          bad: 'echo 0 > ../exit; ls -a .. >&2; exit 3',
        },
      }),
    });
    const state = stateIn(root());
    const exclusively = exclusivelyIn(root(), state);
    const runs = new CheckRuns({
      root: root(),
      isolation: isolation(),
      workspace: workspaceIn(root()),
      exclusively,
      state,
    });
    opened.push(runs);
    const change = { repository: rig.repository, base: 'main', branch: 'main', basis };
    const checks = await until('both have ended', async () => {
      const found = await runs.look(change, basis, { checkSeconds: 30, round: '1' });
      return found.running.length === 0 ? found : undefined;
    });
    expect(checks.ended).toMatchObject([
      { name: 'good', conclusion: 'success' },
      { name: 'bad', conclusion: 'failure' },
    ]);
    expect(checks.ended[1]!.log).toMatch(/^\.\n\.\.\ntree$/m);
  });

  it('a preview is live for people, and gone when it is removed', async () => {
    const start = `exec node -e "require('http').createServer((q, r) => r.end('the change')).listen(process.env.PORT, 'localhost')"`;
    const head = await rig.commit('main', { '.gatehouse.yml': JSON.stringify({ environment: { start } }) });
    const environments = processEnvironments(options());
    opened.push(environments);
    const key = 'env/default/T-1/000000000001/1';
    const change = { repository: rig.repository, base: 'main', branch: 'work', basis: head };
    await environments.ensure({ key, change, head, task: { id: 'T-1', title: 't', type: 'feature' } });
    const { url } = await until('it is live', async () => {
      const report = await environments.look(key);
      if (report.is === 'failed' || report.is === 'gone') throw new Error(report.because);
      return report.is === 'live' ? report : undefined;
    });
    expect(await (await fetch(url)).text()).toBe('the change');
    await environments.remove(key);
    await expect(fetch(url)).rejects.toThrow();
  });
});
