import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { VENDORS } from '../../activities/adapters/index.ts';
import { readConfig } from '../../client/config.ts';
import { readConfig as readWorkerConfig } from '../../worker/config.ts';
import { found } from '../../workflows/contracts/bad-fields.ts';
import { BadVariables } from '../../worker/configuration/variables.ts';

const HOME = { HOME: '/nowhere' };
const hosted = Object.entries(VENDORS).flatMap(([name, { forge }]: [string, { forge?: { hosted: boolean } }]) =>
  forge?.hosted ? [name] : [],
);

describe.each([
  ['client', readConfig],
  ['worker', readWorkerConfig],
])('the %s’s configuration', (_, read) => {
  it('has defaults that work on a laptop, and treats empty variables as unset', () => {
    for (const environment of [HOME, { ...HOME, GATEHOUSE_PORT: '', TEMPORAL_ADDRESS: '' }]) {
      expect(read(environment)).toMatchObject({
        address: '127.0.0.1:7233',
        namespace: 'default',
        variables: { GATEHOUSE_TASK_QUEUE: 'gatehouse', GATEHOUSE_UI_PORT: 8233, GATEHOUSE_LOOK_SECONDS: 30 },
      });
    }
    expect(path.isAbsolute(read(HOME).data)).toBe(true);
  });

  it.each([
    ['GATEHOUSE_PORT', 'x', 'a port, 1 to 65535'],
    ['GATEHOUSE_PORT', '0', 'a port, 1 to 65535'],
    ['GATEHOUSE_UI_PORT', '65536', 'a port, 1 to 65535'],
    ['GATEHOUSE_PORT', '72.5', 'a port, 1 to 65535'],
    ['GATEHOUSE_LOOK_SECONDS', 'soon', 'seconds, 0.1 to 86400'],
    ['GATEHOUSE_LOOK_SECONDS', '0', 'seconds, 0.1 to 86400'],
    ['GATEHOUSE_BUDGET_CENTS', '-1', 'cents, 0 or more'],
    ['GATEHOUSE_LOG_LEVEL', 'loud', 'one of info, debug, warn, error, silent'],
    ['GATEHOUSE_FORGE', 'other', `one of ${hosted.join(', ')}`],
    ['GATEHOUSE_TASK_QUEUE', 'q'.repeat(201), 'at most 200 characters'],
  ])('refuses %s=%s with what was expected and found', (name, value, expected) => {
    const message = `${name}: expected ${expected}, found ${found(value)}`;
    expect(() => read({ ...HOME, [name]: value })).toThrow(new BadVariables(message));
  });

  it('names every bad variable, one per line', () => {
    const environment = { ...HOME, GATEHOUSE_PORT: 'x', GATEHOUSE_NOTIFY: 'y' };
    expect(() => read(environment)).toThrow(/^GATEHOUSE_PORT: .*\nGATEHOUSE_NOTIFY: .*$/);
  });

  it('reads the connection to a cluster like Temporal’s tools', () => {
    const environment = { ...HOME, TEMPORAL_ADDRESS: 'a.example:7233', TEMPORAL_NAMESPACE: 'n', TEMPORAL_API_KEY: 'k' };
    expect(read(environment)).toMatchObject({
      address: 'a.example:7233',
      namespace: 'n',
      connection: { address: 'a.example:7233', apiKey: 'k', tls: true },
    });
  });

  it('does not use a profile and key of another server for the local server', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-config-'));
    try {
      const file = path.join(folder, 'temporal.toml');
      writeFileSync(file, '[profile.default]\naddress = "far.example:7233"\napi_key = "k"\nnamespace = "far"\n');
      const environment = { ...HOME, TEMPORAL_CONFIG_FILE: file, TEMPORAL_API_KEY: 'k', GATEHOUSE_PORT: '7000' };
      const { address, namespace, connection } = read(environment);
      expect({ address, namespace, connection }).toEqual({
        address: '127.0.0.1:7000',
        namespace: 'default',
        connection: { address: '127.0.0.1:7000' },
      });
      expect(read({ ...environment, TEMPORAL_ADDRESS: 'far.example:7233' })).toMatchObject({ namespace: 'far' });
      writeFileSync(file, 'no toml');
      expect(() => read({ ...environment, TEMPORAL_ADDRESS: 'far.example:7233' })).toThrow(BadVariables);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
