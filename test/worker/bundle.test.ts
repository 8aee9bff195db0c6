import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { workflowBundle } from '../../worker/bundle.ts';

it('builds the workflow bundle once for each state of the code, and keeps it in the data folder', async () => {
  const data = await mkdtemp(path.join(tmpdir(), 'gatehouse-bundle-'));
  try {
    const { codePath } = await workflowBundle(data);
    const { mtimeMs, size } = await stat(codePath);
    expect(path.dirname(codePath)).toBe(path.join(data, 'bundles'));
    expect(size).toBeGreaterThan(100_000);
    // The modules are preloaded once for all runs. Otherwise they take 2 MB of memory in every run.
    expect(await readFile(codePath, 'utf8')).toMatch(/function preloadModules\(\) \{\s*__webpack_require__\(/);
    expect(await workflowBundle(data)).toEqual({ codePath });
    expect((await stat(codePath)).mtimeMs).toBe(mtimeMs);
    expect(await readdir(path.dirname(codePath))).toHaveLength(1);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}, 60_000);

it('exports every workflow type from the entry of the bundle', async () => {
  const read = (file: string) => readFile(new URL(`../../workflows/${file}`, import.meta.url), 'utf8');
  const types = [...(await read('index.ts')).matchAll(/export \{ (\w+) \}/g)].map(([, name]) => name!);
  const [, begun = ''] = /export const \{ (.*) \}/.exec(await read('temporal/entry.ts')) ?? [];
  expect(types.length).toBeGreaterThanOrEqual(4);
  expect(begun.split(', ').sort()).toEqual(types.sort());
});
