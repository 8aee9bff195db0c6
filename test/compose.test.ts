import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Service {
  image?: string;
  build?: string;
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
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
  networks: Record<string, unknown>;
}

const at = (path: string) => new URL(`../${path}`, import.meta.url);
const text = readFileSync(at('docker-compose.yml'), 'utf8');
const compose = parse(text) as Compose;
const services = Object.entries(compose.services);

it('holds PostgreSQL, Temporal, its Web UI and our worker', () => {
  expect(Object.keys(compose.services).sort()).toEqual(['postgresql', 'temporal', 'web-ui', 'worker']);
});

describe.each(services)('%s', (_, service) => {
  it('is pinned to a version', () => expect(service.image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*$/));
  it('says how it is known to be well', () => expect(service.healthcheck?.test.length).toBeGreaterThan(1));
  it('comes back after a failure', () => expect(service.restart).toBe('unless-stopped'));

  it('waits for what it needs to be well', () => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty([name, 'healthcheck']);
      expect(condition).toBe('service_healthy');
    }
  });

  it('names only volumes, secrets and networks that are declared', () => {
    const named = (service.volumes ?? []).map((volume) => volume.split(':')[0]!).filter((name) => /^\w+$/.test(name));
    for (const name of named) expect(compose.volumes).toHaveProperty([name]);
    for (const name of service.secrets ?? []) expect(compose.secrets).toHaveProperty([name]);
    for (const name of service.networks ?? []) expect(compose.networks).toHaveProperty([name]);
  });

  it('opens ports to this machine only', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('has no secret in its environment', () => {
    for (const [name, value] of Object.entries(service.environment ?? {})) {
      if (/PASSWORD|PWD|KEY|TOKEN|SECRET/.test(name)) expect(value).toMatch(/^\/run\/secrets\//);
    }
  });
});

it('uses every volume that it declares', () => {
  const used = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]));
  for (const name of Object.keys(compose.volumes)) expect(used).toContain(name);
});

it('builds the worker from what the repository holds', () => {
  expect(compose.services['worker']?.build).toBe('.');
  const copied = [...readFileSync(at('Dockerfile'), 'utf8').matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, from]) =>
    from!.split(' '),
  );
  for (const path of copied) expect(existsSync(at(path))).toBe(true);
});
