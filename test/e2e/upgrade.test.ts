import { jest } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { TestStack } from '../support/stack.ts';
import { missed } from '../upgrade/judge.ts';
import { prove } from '../upgrade/proof.ts';

jest.setTimeout(400_000);
Runtime.install({ logger: new DefaultLogger('ERROR') });

let stack: TestStack;
beforeAll(async () => void (stack = await TestStack.started()));
afterAll(() => stack.remove());

it('three builds in a row, each with its own task queue, take over parked runs while people act', async () => {
  const where = { address: `127.0.0.1:${stack.port}`, namespace: 'default' };
  const verdict = await prove({ ...where, by: 'queue', runs: 8, name: 'upgrade', say: () => undefined });
  expect({ verdict, missed: missed(verdict) }).toMatchObject({ missed: [] });
});
