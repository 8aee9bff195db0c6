import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { jest } from '@jest/globals';
import { cli } from '../support/stack.ts';

jest.setTimeout(120_000);

const folder = fileURLToPath(new URL('./histories', import.meta.url));
const replay = async (...files: string[]) => {
  const { exitCode, stdout } = await execa(process.execPath, [cli, 'replay', ...files, '--json'], {
    env: { NODE_OPTIONS: '' },
    reject: false,
  });
  return { exitCode, results: JSON.parse(stdout) as { file: string; ok: boolean; because?: string }[] };
};

it('today’s code replays every recorded history', async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  expect(names.length).toBeGreaterThanOrEqual(4);
  const { exitCode, results } = await replay(...names.map((name) => path.join(folder, name)));
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(exitCode).toBe(0);
});

it('a history of other code is told from ours', async () => {
  const scratch = await mkdtemp(path.join(tmpdir(), 'gatehouse-replay-'));
  try {
    const history = JSON.parse(await readFile(path.join(folder, 'human-review-run.json'), 'utf8'));
    const [payload] = history.events[0].workflowExecutionStartedEventAttributes.input.payloads;
    const input = JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8'));
    const shorter = { ...input, pipeline: { steps: [{ kind: 'coder' }] } };
    payload.data = Buffer.from(JSON.stringify(shorter)).toString('base64');
    const other = path.join(scratch, 'other.json');
    await writeFile(other, JSON.stringify(history));
    const { exitCode, results } = await replay(other);
    expect(exitCode).toBe(1);
    expect(results).toMatchObject([{ ok: false, because: expect.any(String) }]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});
