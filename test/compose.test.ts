import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Variables } from '../worker/configuration/variables.ts';
import { SERVER_VERSION } from './support/cluster/programs.ts';

interface Service {
  image?: string;
  build?: string;
  env_file?: { path: string; required: boolean }[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
  secrets?: string[];
  configs?: { source: string; target: string }[];
  networks?: string[];
  ports?: string[];
  healthcheck?: { test: string[] };
  restart?: string;
}
interface Compose {
  name: string;
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  configs: Record<string, { content: string }>;
  secrets: Record<string, { file: string }>;
  networks: Record<string, unknown>;
}

/** The keys of the Compose specification that we use. A misspelt key would be refused, or worse, ignored. */
const KEYS = {
  top: ['name', 'services', 'configs', 'volumes', 'secrets', 'networks'],
  service: [
    ...[
      'build',
      'configs',
      'depends_on',
      'entrypoint',
      'env_file',
      'environment',
      'healthcheck',
      'image',
      'init',
      'networks',
    ],
    ...['ports', 'restart', 'secrets', 'stop_grace_period', 'volumes'],
  ],
  healthcheck: ['test', 'interval', 'timeout', 'retries', 'start_period', 'start_interval'],
};

const at = (path: string) => new URL(`../${path}`, import.meta.url);
const read = (path: string) => readFileSync(at(path), 'utf8');
const text = read('docker-compose.yml');
const compose = parse(text, { strict: true, uniqueKeys: true }) as Compose;
const services = Object.entries(compose.services);
/** The name of a volume, or the path of a folder on this machine, which may be a `${variable:-default}`. */
const sourceOf = (volume: string) => /^(\$\{[^}]*\}|[^:]*):/.exec(volume)?.[1] ?? volume;
const isDone = 'service_completed_successfully';
const dependsOn = services.flatMap(([, service]) => Object.entries(service.depends_on ?? {}));
/** Services that exit once they are done, and for which others wait. */
const errands = new Set(dependsOn.filter(([, { condition }]) => condition === isDone).map(([name]) => name));
const named = (volumes: string[] = []) => volumes.map(sourceOf).filter((source) => /^\w/.test(source));

/** The services that must be up before this one starts, directly or indirectly. */
const awaitedBy = (name: string): string[] =>
  Object.keys(compose.services[name]?.depends_on ?? {}).flatMap((needed) => [needed, ...awaitedBy(needed)]);

it('docker-compose.yml has PostgreSQL, Temporal, its set-up, its Web UI, and our worker', () => {
  const names = ['namespace', 'postgresql', 'schema', 'temporal', 'web-ui', 'worker'];
  expect(Object.keys(compose.services).sort()).toEqual(names);
  expect([...errands].sort()).toEqual(['namespace', 'schema']);
  expect(KEYS.top).toEqual(expect.arrayContaining(Object.keys(compose)));
});

describe.each(services)('the service %s', (name, service) => {
  it('has no key that is unknown to Compose', () => {
    expect(KEYS.service).toEqual(expect.arrayContaining(Object.keys(service)));
    expect(KEYS.healthcheck).toEqual(expect.arrayContaining(Object.keys(service.healthcheck ?? {})));
  });

  it('is pinned to a version', () => expect(service.image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*$/));

  it('restarts after a failure', () => {
    expect(service.restart).toBe(errands.has(name) ? 'on-failure' : 'unless-stopped');
  });

  it('has a health check, unless it exits when done', () => {
    if (errands.has(name)) expect(service).not.toHaveProperty('healthcheck');
    else expect(service.healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/);
  });

  it('waits until the services that it needs are healthy or done', () => {
    for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty([needed]);
      expect(condition).toBe(errands.has(needed) ? isDone : 'service_healthy');
    }
  });

  it('names only volumes, secrets and networks that are declared', () => {
    for (const name of named(service.volumes)) expect(compose.volumes).toHaveProperty([name]);
    for (const name of service.secrets ?? []) expect(compose.secrets).toHaveProperty([name]);
    for (const { source } of service.configs ?? []) expect(compose.configs).toHaveProperty([source]);
    expect(service.networks?.length).toBeGreaterThan(0);
    for (const name of service.networks ?? []) expect(compose.networks).toHaveProperty([name]);
  });

  it('uses the names of other services as hosts', () => {
    const { POSTGRES_SEEDS, SQL_HOST, TEMPORAL_ADDRESS } = service.environment ?? {};
    for (const host of [POSTGRES_SEEDS, SQL_HOST, TEMPORAL_ADDRESS?.split(':')[0]]) {
      if (host === undefined) continue;
      expect(compose.services).toHaveProperty([host]);
      expect(awaitedBy(name)).toContain(host);
    }
  });

  it('opens ports to this machine only', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('has no secret in its environment', () => {
    for (const [name, value] of Object.entries(service.environment ?? {})) {
      if (/PASSWORD|PWD|KEY|TOKEN|SECRET/.test(name)) expect(value).toMatch(/^\/run\/secrets\//);
    }
  });
});

it.each(['configs', 'volumes', 'secrets', 'networks'] as const)(
  'docker-compose.yml uses all %s that it declares',
  (kind) => {
    const used = services.flatMap(([, service]) => {
      if (kind === 'volumes') return named(service.volumes);
      if (kind === 'configs') return (service.configs ?? []).map(({ source }) => source);
      return service[kind] ?? [];
    });
    expect(Object.keys(compose[kind]).sort()).toEqual([...new Set(used)].sort());
  },
);

it('secrets are in files outside of the repository and of images', () => {
  const ignored = read('.gitignore').split('\n');
  for (const { file } of Object.values(compose.secrets)) {
    const [, fallback] = /^\$\{\w+:-([^}]+)\}\//.exec(file)!;
    expect(ignored).toContain(`${fallback}/`);
  }
  expect(read('.dockerignore').split('\n')[0]).toBe('*');
});

it('the worker’s environment sets only variables that exist', () => {
  const { environment = {} } = compose.services['worker']!;
  expect(Object.keys(Variables.shape)).toEqual(expect.arrayContaining(Object.keys(environment)));
});

it('the Temporal images have the version that benchmarks and faults use, which supports worker versioning', () => {
  const versions = ['temporal', 'schema', 'namespace'].map((name) => compose.services[name]!.image!.split(':')[1]);
  expect(versions).toEqual([SERVER_VERSION, SERVER_VERSION, SERVER_VERSION]);
  const [, least] = /worker versioning\*\* \(a Temporal server of ([\d.]+) or later\)/.exec(read('OPERATIONS.md'))!;
  expect(SERVER_VERSION.localeCompare(least!, 'en', { numeric: true })).toBeGreaterThanOrEqual(0);
});

describe('the image of the worker', () => {
  const dockerfile = read('Dockerfile');

  it('is built from files of the repository that are not ignored', () => {
    expect(compose.services['worker']?.build).toBe('.');
    const kept = read('.dockerignore').split('\n');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from]) => from!.split(' '));
    expect(copied.length).toBeGreaterThan(0);
    for (const path of copied) {
      expect(existsSync(at(path))).toBe(true);
      expect(kept).toContain(`!${path}`);
    }
  });

  it('is pinned to a supported Node, runs without privileges, and starts the package’s worker', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    for (const base of bases) expect(base).toMatch(/^node:20\.\d+-bookworm-slim$/);
    expect(dockerfile).toMatch(/^COPY --from=package /m);
    expect(dockerfile).toMatch(/^RUN npm ci --omit=dev\b/m);
    expect(dockerfile.lastIndexOf('\nUSER node\n')).toBeGreaterThan(dockerfile.lastIndexOf('\nRUN '));
    const [, command] = /^CMD (\[.+\])$/m.exec(dockerfile)!;
    expect((JSON.parse(command!) as string[]).at(-1)).toBe('dist/package/worker.js');
  });
});
