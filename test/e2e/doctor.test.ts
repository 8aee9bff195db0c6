import { jest } from '@jest/globals';
import { TestRepository, TestStack, until } from '../support/stack.ts';

jest.setTimeout(300_000);

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.create();
  await stack.start();
});
afterAll(() => stack.remove());

const terminate = (workflowId: string) =>
  stack.temporal('workflow', 'terminate', '--workflow-id', workflowId, '--reason', 'test');
/** What the doctor finds wrong. */
const found = async (...args: string[]) => {
  const { out } = await stack.gatehouse('doctor', ...args);
  return (out as { about: string; ok: boolean; detail: string; mend?: string }[]).filter(({ ok }) => !ok);
};

it('what was left behind while no worker was up is found in one pass, and mended', async () => {
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
  const left = await until('what was left is due', async () => {
    const all = await found();
    return all.length === 2 ? all : undefined;
  });
  expect(left.map(({ detail }) => detail).sort()).toEqual([
    expect.stringMatching(
      /^run\/default\/LEFT-1 was terminated at .*job run\/default\/LEFT-1\/.*, which runs.*claim on/,
    ),
    expect.stringMatching(/^run\/default\/LEFT-2 was terminated at .*which no workflow sees to/),
  ]);
  expect(left.map(({ mend }) => mend)).toEqual(['gatehouse doctor --fix', 'gatehouse doctor --fix']);
  expect([(await agents()).length > 0, (await previews()).length > 0]).toEqual([true, true]);

  const { code, out } = await stack.gatehouse('doctor', '--fix');
  expect([code, out.filter(({ about }: any) => about === 'mended').length]).toEqual([0, 4]);
  expect([await agents(), await previews()]).toEqual([[], []]);
  expect(await found()).toEqual([]);
});

it('a watch is a schedule whose passes are runs of their own, until it is called off', async () => {
  const watchOf = async (...args: string[]) => {
    const { out } = await stack.gatehouse('doctor', ...args);
    return (out as { about: string; detail: string }[]).find(({ about }) => about === 'watch')!.detail;
  };
  expect(await watchOf()).toMatch(/^nobody looks by itself/);
  expect(await watchOf('--watch', '--every', '30s')).toMatch(/^every 30s/);
  expect(await watchOf('--watch', '--every', '10s')).toMatch(/^every 10s/);
  await until('a pass', async () => /every 10s; last pass at \S+: all was well/.test(await watchOf()));
  expect(await watchOf('--watch', 'off')).toMatch(/^nobody looks by itself/);
  expect(await stack.gatehouse('doctor', '--every', '1')).toMatchObject({ code: 2, out: { error: { code: 'usage' } } });
});
