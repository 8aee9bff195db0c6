import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { cli } from '../support/stack.ts';
import { program } from '../support/programs.ts';

jest.setTimeout(240_000);

it('gatehouse pipelines plays pipelines on a temporary stack, reports their cost, and leaves nothing behind', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-e2e-'));
  try {
    const args = [cli, 'pipelines', '--only', 'integrate', 'spec', '--json'];
    // The caller's configuration is ignored: nothing listens at this address.
    const env = { NODE_OPTIONS: '', TMPDIR: home, TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const { exitCode, stdout, stderr } = await program(process.execPath, args, { env, reject: false });
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('integrate: 3-tester')]);
    const row = {
      outcome: 'ready',
      events: expect.any(Number),
      bytes: expect.any(Number),
      seconds: expect.any(Number),
    };
    expect(JSON.parse(stdout)).toEqual([
      { pipeline: 'integrate', steps: 4, ...row },
      { pipeline: 'spec', steps: 1, ...row },
    ]);
    const left = (await readdir(home)).filter((name) => name.startsWith('gatehouse-'));
    expect(left).toEqual([]);
    expect((await program('ps', ['-eo', 'args='])).stdout).not.toContain(home);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
