import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { actions } from '../workflows/contracts/messages.ts';
import { readVariables, Variables } from '../workflows/contracts/variables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

/** `#NAME=value` of .env.example. */
const sample = Object.fromEntries(
  [...read('.env.example').matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
);

it.each(Object.keys(Variables.shape))('README and .env.example name %s', (name) => {
  expect(read('README.md')).toContain(`\`${name}\``);
  expect(sample).toHaveProperty(name);
});

it('.env.example shows the defaults as they are', () => {
  const { TEMPORAL_NAMESPACE, ...ours } = readVariables(sample);
  expect(ours).toEqual(readVariables({}));
  expect(TEMPORAL_NAMESPACE).toBe('default');
});

it.each(Object.keys(actions))('the README tells of %s', (action) => {
  expect(read('README.md')).toContain(`\`${action}\``);
});

it.each(['README.md', 'CONTRIBUTING.md'])('%s names only files and folders that are there', (paper) => {
  const linked = [...read(paper).matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)].map(([, target]) => target!);
  const rooms = '(?:workflows|activities|worker|client|test)';
  const named = [...read(paper).matchAll(new RegExp(`\`(${rooms}/[\\w./-]+)\``, 'g'))].map(([, target]) => target!);
  for (const target of [...linked, ...named]) {
    expect([target, existsSync(path.join(root, target))]).toEqual([target, true]);
  }
});

it.each(['README.md', 'CONTRIBUTING.md'])('%s names only scripts that are there', (paper) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(paper).matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g)].map(([, script]) => script!);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
});
