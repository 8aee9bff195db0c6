import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';

/**
 * If COVERAGE names a folder, saves V8's coverage of the workflow bundle there. Jest's own coverage does not reach into
 * the sandbox in which the workflow code runs. `npm run coverage` prints it as a table.
 */
export function measure(): void {
  const folder = process.env['COVERAGE'];
  if (!folder) return;
  const session = new Session();
  beforeAll(async () => {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Debugger.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  });
  afterAll(async () => {
    const { result } = await session.post('Profiler.takePreciseCoverage');
    mkdirSync(folder, { recursive: true });
    // The SDK compiles the bundle twice and runs one of the two: the one in which V8 has seen functions.
    const bundles = result.filter(({ url }) => url.includes('workflow-bundle'));
    const ran = bundles.toSorted((a, b) => b.functions.length - a.functions.length).slice(0, 1);
    for (const { scriptId, functions } of ran) {
      const { scriptSource: source } = await session.post('Debugger.getScriptSource', { scriptId });
      writeFileSync(path.join(folder, `${randomUUID()}.json`), JSON.stringify({ source, functions }));
    }
    session.disconnect();
  });
}
