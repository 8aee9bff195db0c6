import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Who may import whom. A room may always import itself. `type:` allows what leaves no trace at run time. */
const LAW: Record<string, string[]> = {
  'workflows/contracts': ['zod', '@temporalio/workflow'],
  'workflows/rules': ['workflows/contracts', 'zod'],
  'workflows/gates': ['workflows/contracts', 'workflows/rules', 'zod'],
  'workflows/lib': [
    'workflows',
    'workflows/contracts',
    'workflows/rules',
    'type:workflows/gates',
    '@temporalio/workflow',
  ],
  workflows: ['workflows/contracts', 'workflows/rules', 'workflows/gates', 'workflows/lib', '@temporalio/workflow'],
  'activities/adapters': ['workflows/contracts', 'type:activities', 'zod', 'node:', 'execa', 'yaml'],
  activities: ['workflows/contracts', '@temporalio/activity', 'picomatch'],
  worker: [
    'workflows/contracts',
    'activities',
    'activities/adapters',
    '@temporalio/worker',
    '@temporalio/envconfig',
    'env-paths',
    'zod',
    'pino',
    'node:',
  ],
  'client/offline': ['workflows/contracts', '@temporalio/worker', '@temporalio/common/lib/proto-utils.js', 'node:'],
  client: [
    'workflows/contracts',
    'workflows/rules',
    'workflows/gates',
    'type:workflows',
    'client/offline',
    '@temporalio/client',
    '@temporalio/envconfig',
    '@temporalio/testing',
    'zod',
    'pino',
    'node:',
    'commander',
    'env-paths',
    'execa',
    'get-port',
    'picocolors',
  ],
};
const ROOMS = Object.keys(LAW).sort((a, b) => b.length - a.length);
const roomOf = (file: string) => ROOMS.find((room) => file.startsWith(`${room}/`));

const files = ['workflows', 'activities', 'worker', 'client']
  .filter((top) => existsSync(path.join(root, top)))
  .flatMap((top) =>
    readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => path.join(top, file)),
  );

/** The rooms and packages that a source imports, or exports on; those it only takes types from are marked `type:`. */
function importsOf(file: string, source: string): string[] {
  const stated = [...source.matchAll(/^(?:import|export) (type )?(?:[^'";]*? from )?'([^']+)'/gms)];
  const called = [...source.matchAll(/\bimport\('([^']+)'\)/g)].map(([all, target]) => [all, '', target]);
  return [...stated, ...called].map(([, type = '', target = '']) => {
    const mark = type?.trim() ? 'type:' : '';
    if (!target!.startsWith('.')) return `${mark}${target}`;
    const local = path.join(path.dirname(file), target!);
    return `${mark}${roomOf(local) ?? `outside:${local}`}`;
  });
}

/** The imports of a source that its room's law does not allow. */
function offences(file: string, source: string): string[] {
  const room = roomOf(file)!;
  const lawful = (name: string) =>
    name === room || LAW[room]!.some((rule) => name === rule || (rule.endsWith(':') && name.startsWith(rule)));
  return importsOf(file, source).filter((name) => !lawful(name) && !lawful(name.replace('type:', '')));
}

it.each(files)('%s keeps the import law', (file) => {
  expect(offences(file, readFileSync(path.join(root, file), 'utf8'))).toEqual([]);
});

it.each([
  ['workflows/gates/x.ts', `import { sleep } from '@temporalio/workflow';`],
  ['workflows/gates/x.ts', `import { park } from '../lib/park.ts';`],
  ['workflows/rules/x.ts', `import fs from 'node:fs';`],
  ['workflows/lib/x.ts', `import { ci } from '../gates/ci.ts';`],
  ['activities/x.ts', `export { gitForge } from './adapters/local/git-forge/index.ts';`],
  ['activities/adapters/x/x.ts', `import { Context } from '@temporalio/activity';`],
  ['client/x.ts', `const a = await import('../worker/main.ts');`],
  ['client/x.ts', `import {\n  a,\n  b,\n} from '../activities/index.ts';`],
])('a breach in %s is caught', (file, source) => {
  expect(offences(file, source)).toHaveLength(1);
});

const gates = files.filter((file) => file.startsWith('workflows/gates/'));

it.each(gates)('%s is straight: no catch, no timer', (file) => {
  const source = readFileSync(path.join(root, file), 'utf8');
  expect(source).not.toMatch(/\bcatch\b|\bsetTimeout\b|\bsleep\(/);
});

it('every temporalio package is pinned to one exact version', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  const versions = Object.entries({ ...dependencies, ...devDependencies }).filter(([name]) =>
    name.startsWith('@temporalio/'),
  );
  expect(new Set(versions.map(([, version]) => version))).toEqual(new Set(['1.24.0']));
});
