import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Variables } from '../worker/configuration/variables.ts';

interface Service {
  image?: string;
  build?: string;
  env_file?: { path: string; required: boolean }[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
  secrets?: string[];
  networks?: string[];
  ports?: string[];
  healthcheck?: { test: string[] };
  restart?: string;
}
interface Compose {
  name: string;
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
  networks: Record<string, unknown>;
}

/** Of the Compose specification, what we use: a key with a typing error would be refused, or worse, ignored. */
const KEYS = {
  top: ['name', 'services', 'volumes', 'secrets', 'networks'],
  service: [
    ...['build', 'depends_on', 'entrypoint', 'env_file', 'environment', 'healthcheck', 'image', 'init', 'networks'],
    ...['ports', 'restart', 'secrets', 'stop_grace_period', 'volumes'],
  ],
  healthcheck: ['test', 'interval', 'timeout', 'retries', 'start_period', 'start_interval'],
};

const at = (path: string) => new URL(`../${path}`, import.meta.url);
const read = (path: string) => readFileSync(at(path), 'utf8');
const text = read('docker-compose.yml');
const compose = parse(text, { strict: true, uniqueKeys: true }) as Compose;
const services = Object.entries(compose.services);
/** `name:/path` of a volume, or `./folder:/path` of this machine, which may be a `${variable:-default}`. */
const sourceOf = (volume: string) => /^(\$\{[^}]*\}|[^:]*):/.exec(volume)?.[1] ?? volume;
const named = (volumes: string[] = []) => volumes.map(sourceOf).filter((source) => /^\w/.test(source));

it('holds PostgreSQL, Temporal, its Web UI and our worker', () => {
  expect(Object.keys(compose.services).sort()).toEqual(['postgresql', 'temporal', 'web-ui', 'worker']);
  expect(KEYS.top).toEqual(expect.arrayContaining(Object.keys(compose)));
});

describe.each(services)('%s', (_, service) => {
  it('has no key that Compose does not know', () => {
    expect(KEYS.service).toEqual(expect.arrayContaining(Object.keys(service)));
    expect(KEYS.healthcheck).toEqual(expect.arrayContaining(Object.keys(service.healthcheck!)));
  });

  it('is pinned to a version', () => expect(service.image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*$/));
  it('says how it is known to be well', () => expect(service.healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/));
  it('comes back after a failure', () => expect(service.restart).toBe('unless-stopped'));

  it('waits for what it needs to be well', () => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty([name, 'healthcheck']);
      expect(condition).toBe('service_healthy');
    }
  });

  it('names only volumes, secrets and networks that are declared', () => {
    for (const name of named(service.volumes)) expect(compose.volumes).toHaveProperty([name]);
    for (const name of service.secrets ?? []) expect(compose.secrets).toHaveProperty([name]);
    expect(service.networks?.length).toBeGreaterThan(0);
    for (const name of service.networks ?? []) expect(compose.networks).toHaveProperty([name]);
  });

  it('calls others by the names they have', () => {
    const { POSTGRES_SEEDS, TEMPORAL_ADDRESS } = service.environment ?? {};
    for (const host of [POSTGRES_SEEDS, TEMPORAL_ADDRESS?.split(':')[0]]) {
      if (host === undefined) continue;
      expect(compose.services).toHaveProperty([host]);
      expect(service.depends_on).toHaveProperty([host]);
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

it.each(['volumes', 'secrets', 'networks'] as const)('uses all the %s that it declares', (kind) => {
  const used = services.flatMap(([, service]) => (kind === 'volumes' ? named(service.volumes) : (service[kind] ?? [])));
  expect(Object.keys(compose[kind]).sort()).toEqual([...new Set(used)].sort());
});

it('keeps secrets in files that are not in the repository, and never in an image', () => {
  const ignored = read('.gitignore').split('\n');
  for (const { file } of Object.values(compose.secrets)) {
    const [, fallback] = /^\$\{\w+:-([^}]+)\}\//.exec(file)!;
    expect(ignored).toContain(`${fallback}/`);
  }
  expect(read('.dockerignore').split('\n')[0]).toBe('*');
});

it('sets no variable of ours that is not there', () => {
  const { environment = {} } = compose.services['worker']!;
  expect(Object.keys(Variables.shape)).toEqual(expect.arrayContaining(Object.keys(environment)));
});

describe('the image of the worker', () => {
  const dockerfile = read('Dockerfile');

  it('is built from what the repository holds, and from nothing that is ignored', () => {
    expect(compose.services['worker']?.build).toBe('.');
    const kept = read('.dockerignore').split('\n');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from]) => from!.split(' '));
    expect(copied.length).toBeGreaterThan(0);
    for (const path of copied) {
      expect(existsSync(at(path))).toBe(true);
      expect(kept).toContain(`!${path}`);
    }
  });

  it('is pinned to a Node that we support, runs as nobody special, and starts the package’s worker', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    for (const base of bases) expect(base).toMatch(/^node:20\.\d+-bookworm-slim$/);
    expect(dockerfile).toMatch(/^COPY --from=package /m);
    expect(dockerfile).toMatch(/^RUN npm ci --omit=dev\b/m);
    expect(dockerfile.lastIndexOf('\nUSER node\n')).toBeGreaterThan(dockerfile.lastIndexOf('\nRUN '));
    const [, command] = /^CMD (\[.+\])$/m.exec(dockerfile)!;
    expect((JSON.parse(command!) as string[]).at(-1)).toBe('dist/package/worker.js');
  });
});
