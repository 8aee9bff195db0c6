import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { commit } from './sample.ts';

const RULE_TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { totalsOf } from '../lib/totals.js';

test('no label of the totals is “Net”, because it confuses people', () => {
  assert.ok(!totalsOf([]).some(([label]) => label === 'Net'));
});
`;

/**
 * Commits to the base as a teammate while a person tests the change. A new label conflicts with the change, and a new test
 * fails with it. This happens in a separate clone.
 */
export async function moveTheBase(repository: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await execa('git', ['clone', '--quiet', '--branch', 'main', repository, folder]);
  const totals = path.join(folder, 'lib', 'totals.js');
  const text = await readFile(totals, 'utf8');
  await writeFile(totals, text.replace("['Total', netOf(items)]", "['To pay', netOf(items)]"));
  await writeFile(path.join(folder, 'test', 'labels.test.js'), RULE_TEST);
  await commit(folder, 'Bo', 'Rename the total to “To pay”');
  await execa('git', ['push', '--quiet', 'origin', 'main'], { cwd: folder });
  await rm(folder, { recursive: true, force: true });
}
