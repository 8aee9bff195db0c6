import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000);

let stack: TestStack;
beforeAll(async () => void (stack = await TestStack.started()));
afterAll(() => stack.remove());

const terminate = (workflowId: string) =>
  stack.temporal('workflow', 'terminate', '--workflow-id', workflowId, '--reason', 'test');
/** The doctor's failed checks. */
const found = async (...args: string[]) => {
  const { out } = await stack.gatehouse('doctor', ...args);
  return (out as { about: string; ok: boolean; detail: string; mend?: string }[]).filter(({ ok }) => !ok);
};

it('gatehouse doctor finds and clears, in one pass, everything that was left behind while no worker ran', async () => {
  const repository = await TestRepository.create(stack.home, 'left');
  await repository.hold('coder');
  await stack.startRun('LEFT-1', repository);
  await repository.noted('begins run/default/LEFT-1');
  const other = await TestRepository.create(stack.home, 'parked');
  await stack.startRun('LEFT-2', other);
  await stack.parked('LEFT-2', 'human-test');
  const agents = () => stack.processes(`agent.mjs ${repository.home}`);
  const previews = () => stack.processes(`server.mjs ${other.home}`);
  expect(await found()).toEqual([]);

  await stack.kill();
  for (const id of ['run/default/LEFT-1', 'env/default/LEFT-2', 'run/default/LEFT-2']) await terminate(id);
  await stack.start();
  const left = await until('both leftovers are reported', async () => {
    const all = await found();
    // A claim is reported at once; whatever may still end by itself gets some seconds.
    return all.filter(({ detail }) => /which (runs|has no workflow)/.test(detail)).length === 2 ? all : undefined;
  });
  expect(left.map(({ detail }) => detail).sort()).toEqual([
    expect.stringMatching(
      /^run\/default\/LEFT-1 was terminated at .*job run\/default\/LEFT-1\/.*, which runs.*claim on/,
    ),
    expect.stringMatching(/^run\/default\/LEFT-2 was terminated at .*which has no workflow/),
  ]);
  expect(left.map(({ mend }) => mend)).toEqual(['gatehouse doctor --fix', 'gatehouse doctor --fix']);
  expect([(await agents()).length > 0, (await previews()).length > 0]).toEqual([true, true]);

  const { code, out } = await stack.gatehouse('doctor', '--fix');
  expect([code, out.filter(({ about }: any) => about === 'mended').length]).toEqual([0, 4]);
  expect([await agents(), await previews()]).toEqual([[], []]);
  expect(await found()).toEqual([]);
});

it('gatehouse doctor finds a run that the current build cannot continue, with its error; the run loses nothing, and a good build continues it', async () => {
  const repository = await TestRepository.create(stack.home, 'stuck');
  await stack.startRun('STUCK-1', repository);
  await stack.parked('STUCK-1', 'human-test');
  const [bundle] = await readdir(path.join(stack.home, 'data', 'bundles'));
  const file = path.join(stack.home, 'data', 'bundles', bundle!);
  const good = await readFile(file, 'utf8');
  const beginning = 'async function pipelineRun(raw) {';
  expect(good).toContain(beginning);

  await stack.kill();
  await writeFile(file, good.replace(beginning, `${beginning} throw new Error('This build does not work.');`));
  await stack.start();
  await stack.temporal(
    'workflow',
    'signal',
    '--workflow-id',
    'run/default/STUCK-1',
    '--name',
    'confirm',
    '--input',
    '{"by":"ana"}',
  );
  const [stuck] = await until('the stuck run is reported', async () => {
    const all = await found();
    return all.length > 0 ? all : undefined;
  });
  expect(stuck).toMatchObject({
    detail: expect.stringMatching(/^run\/default\/STUCK-1, attempt \d+: This build does not work\.$/),
    mend: expect.stringMatching(
      /^deploy a build that fixes this: the workflow then continues; or: temporal workflow reset /,
    ),
  });

  await stack.kill();
  await writeFile(file, good);
  await stack.start();
  expect(await stack.ended('STUCK-1')).toMatchObject({ end: { is: 'done', result: { outcome: 'merged' } } });
  expect(await found()).toEqual([]);
});

it('gatehouse doctor --watch creates a schedule whose passes are separate runs, until --watch off removes it', async () => {
  const watchOf = async (...args: string[]) => {
    const { out } = await stack.gatehouse('doctor', ...args);
    return (out as { about: string; detail: string }[]).find(({ about }) => about === 'watch')!.detail;
  };
  expect(await watchOf()).toMatch(/^no schedule repeats the check/);
  expect(await watchOf('--watch', '--every', '30s')).toMatch(/^every 30s/);
  expect(await watchOf('--watch', '--every', '10s')).toMatch(/^every 10s/);
  await until('a pass', async () => /every 10s; last pass at \S+: all was well/.test(await watchOf()));
  expect(await watchOf('--watch', 'off')).toMatch(/^no schedule repeats the check/);
  expect(await stack.gatehouse('doctor', '--every', '1')).toMatchObject({ code: 2, out: { error: { code: 'usage' } } });
});
