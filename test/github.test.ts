import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}
interface Job {
  'timeout-minutes'?: number;
  needs?: string;
  'runs-on': string;
  strategy?: { matrix: { node: number[] } };
  steps: { uses?: string; run?: string }[];
}
interface Update {
  'package-ecosystem': string;
  groups?: Record<string, { patterns?: string[] }>;
}
interface Form {
  name: string;
  description: string;
  body: { type: string; id?: string; attributes: { label?: string; value?: string } }[];
}

const at = (path: string) => new URL(`../${path}`, import.meta.url);
const read = (path: string) => readFileSync(at(path), 'utf8');
const yaml = (path: string): unknown => parse(read(path), { strict: true, uniqueKeys: true });
const filesIn = (folder: string) => readdirSync(at(folder)).map((name) => `${folder}/${name}`);

const { scripts, engines } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  engines: { node: string };
};
const ci = (yaml('.github/workflows/ci.yml') as Workflow).jobs;
const isSdkContract = (command = '') => command.endsWith(' test/sdk-contract.test.ts');

describe.each(filesIn('.github/workflows'))('the CI workflow %s', (file) => {
  const { permissions, jobs } = yaml(file) as Workflow;
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('may only read the repository', () => expect(permissions).toEqual({ contents: 'read' }));

  it('has a time limit for every job', () => {
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
  });

  it('pins every action to a commit, with its version in a comment', () => {
    const pinned = [...read(file).matchAll(/^ *(?:- )?uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/gm)];
    expect(pinned).toHaveLength(steps.filter(({ uses }) => uses !== undefined).length);
  });

  it('runs only scripts and tests that exist', () => {
    for (const { run } of steps) {
      if (run === undefined || run === 'npm ci') continue;
      const [, script, path] = /^npm run ([\w:-]+)(?: -- (\S+))?$/.exec(run)!;
      expect(Object.keys(scripts)).toContain(script);
      if (path?.includes('/')) expect(existsSync(at(path))).toBe(true);
    }
  });
});

it('every change is checked on Linux and macOS, with every supported Node, the oldest first', () => {
  for (const job of ['check', 'macos']) expect(ci[job]!.strategy!.matrix.node).toEqual([20, 22, 24]);
  expect(['check', 'macos'].map((job) => ci[job]!['runs-on'].split('-')[0])).toEqual(['ubuntu', 'macos']);
  expect(engines.node).toMatch(/^>=20\./);
  expect(ci['check']!.steps.at(-1)!.run).toBe('npm run check');
});

it('the SDK contract is tested first, so that an incompatible SDK update fails there', () => {
  expect(ci['check']!.needs).toBe('sdk-contract');
  expect(ci['sdk-contract']!.steps.some(({ run }) => isSdkContract(run))).toBe(true);
});

it('faults are injected every night', () => {
  const nightly = yaml('.github/workflows/nightly.yml') as Workflow & { on: { schedule: unknown[] } };
  expect(nightly.on.schedule).toHaveLength(1);
  expect(nightly.jobs['faults']!.steps.map(({ run }) => run)).toContain('npm run faults');
});

it('Dependabot updates packages, actions and images, and all SDK packages together', () => {
  const { updates } = yaml('.github/dependabot.yml') as { updates: Update[] };
  const kinds = updates.map((update) => update['package-ecosystem']);
  expect(kinds).toEqual(['npm', 'github-actions', 'docker', 'docker-compose']);
  expect(updates[0]!.groups!['temporalio']!.patterns).toEqual(['@temporalio/*']);
});

it.each(filesIn('.github/ISSUE_TEMPLATE').filter((file) => !file.endsWith('/config.yml')))(
  '%s is a valid issue form',
  (file) => {
    const { name, description, body } = yaml(file) as Form;
    expect([name, description]).not.toContain(undefined);
    for (const { type, id, attributes } of body) {
      expect(['markdown', 'textarea', 'input']).toContain(type);
      expect(type === 'markdown' ? attributes.value : id && attributes.label).toBeTruthy();
    }
  },
);
