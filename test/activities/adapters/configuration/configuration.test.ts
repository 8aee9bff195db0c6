import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { Ajv } from 'ajv';
import {
  actorOf,
  noConfiguration,
  parseConfiguration,
  secretsFor,
  type Configuration,
} from '../../../../activities/adapters/configuration/configuration.ts';
import { schemas } from '../../../../activities/adapters/configuration/json-schema.ts';
import {
  BadConfiguration,
  faultLines,
  openConfiguration,
  readConfiguration,
} from '../../../../activities/adapters/configuration/loading.ts';
import { parse } from 'yaml';
import { program } from '../../../support/programs.ts';

const environment = { ANTHROPIC: 'secret-of-ana', EMPTY: '', SHORT: ' abc ' };
let home: string;
let file: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-configuration-'));
  file = path.join(home, 'gatehouse.yml');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const parsed = (text: string): Configuration => {
  const read = parseConfiguration(text, { file, environment });
  if ('configuration' in read) return read.configuration;
  throw new Error(faultLines('gatehouse.yml', read.faults).join('\n'));
};
const wrong = (text: string): string[] => {
  const read = parseConfiguration(text, { file, environment });
  return 'faults' in read ? faultLines('gatehouse.yml', read.faults) : [];
};
const WHOLE = `
defaults: { agents: { default: { use: codex, secrets: [KEY] }, fixer: node fix.mjs } }
prices:
  gpt-5-codex: { input: 1.25, cachedInput: 0.125, output: 10 }
secrets: { KEY: { env: ANTHROPIC, for: [agents] } }
signIn: [codex, codex]
`;

it('the file decides about agents, prices, secrets and sign-ins', () => {
  expect(parsed(WHOLE)).toMatchObject({
    file,
    defaults: {
      at: 'gatehouse.yml:defaults.agents',
      agents: { default: { is: 'preset', preset: 'codex', secrets: ['KEY'] }, fixer: { is: 'command' } },
    },
    prices: { 'gpt-5-codex': { input: 1.25, cachedInput: 0.125, output: 10 } },
    secrets: { KEY: { variable: 'ANTHROPIC' } },
    signIn: ['codex'],
  });
});

it.each([
  '',
  '# nothing\n',
  'defaults: {}',
  'defaults: { agents: {} }\nprices: {}\nsecrets: {}\nsignIn: []',
  '\ufeff{}',
])('%j decides nothing', (text) => {
  expect(parsed(text)).toMatchObject({ defaults: { agents: {} }, prices: {}, secrets: {}, signIn: [] });
});

it.each<[string, string[]]>([
  ['\nbogus: [1]', ['gatehouse.yml:2: bogus: expected no such key here, found a list of 1']],
  ['hello', ["gatehouse.yml:1: expected object, found 'hello'"]],
  ['signIn: codex', ["gatehouse.yml:1: signIn: expected array, found 'codex'"]],
  [
    'signIn:\r\n  - codex\r\n  - x\r\n',
    ["gatehouse.yml:3: signIn[1]: expected one of claude-code, codex, gemini, opencode, found 'x'"],
  ],
  [
    'defaults:\n  agents:\n    default:\n      use: x',
    ["gatehouse.yml:4: defaults.agents.default.use: expected one of claude-code, codex, gemini, opencode, found 'x'"],
  ],
  [
    'defaults:\n  agents:\n    fixer: { command: x, pool: gpu }',
    ["gatehouse.yml:3: defaults.agents.fixer.pool: not there yet: expected no such key, found 'gpu'"],
  ],
  [
    'defaults:\n  agents:\n    fixer: { acp: x, env: { KEY: 1234 } }',
    ['gatehouse.yml:3: defaults.agents.fixer.env.KEY: expected string'],
  ],
  [
    'defaults:\n  agents:\n    fixer: { acp: x, secrets: [KEY],\n      env: { KEY: 1234x } }',
    ["gatehouse.yml:3: defaults.agents.fixer.secrets[0]: expected a name that env lacks, found 'KEY'"],
  ],
  [
    'prices:\n  m:\n    input: -1\n    output: free',
    [
      'gatehouse.yml:3: prices.m.input: expected at least 0, found -1',
      "gatehouse.yml:4: prices.m.output: expected number, found 'free'",
    ],
  ],
  ['prices: { "": {} }', ["gatehouse.yml:1: prices.: expected at least 1 character, found ''"]],
  ['? [a, b]\n: 1', ['gatehouse.yml:1: [ a, b ]: expected no such key here, found 1']],
  ['prices: { m: { input: 1 } }', ['gatehouse.yml:1: prices.m.output: expected number, found nothing']],
  ['a: 1\na: 2', ['gatehouse.yml:2: expected YAML: Map keys must be unique']],
  [
    'signIn: [codex',
    [
      'gatehouse.yml:1: expected YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ],
  ['{}\n---\n{}', ['gatehouse.yml:2: expected one YAML document, found more than one']],
  ['prices: { __proto__: {} }', ["gatehouse.yml:1: prices.__proto__: expected another name, found '__proto__'"]],
  ['prices: &a { b: *a }', ['gatehouse.yml: expected YAML: few aliases and little nesting']],
  ['x'.repeat(100_001), ['gatehouse.yml: expected at most 100000 characters, found 100001']],
])('fault %# is reported by line and path', (text, lines) => {
  const warning = jest.spyOn(process, 'emitWarning').mockReturnValue();
  expect(wrong(text)).toEqual(lines);
  expect(warning).not.toHaveBeenCalled();
  warning.mockRestore();
});

it.each(['pools', 'environments', 'freezes', 'schedules', 'gates'])('%s is refused as not there yet', (key) => {
  expect(wrong(`signIn: []\n${key}: {}`)).toEqual([
    `gatehouse.yml:2: ${key}: not there yet: expected no such key, found an object`,
  ]);
});
it('defaults.container is refused as not there yet', () => {
  expect(wrong('defaults: { container: { image: x } }')).toEqual([
    'gatehouse.yml:1: defaults.container: not there yet: expected no such key, found an object',
  ]);
});

describe('secrets', () => {
  it.each<[string, string[]]>([
    ['sk-1234', ['secrets.KEY: expected object']],
    [
      '{ value: sk-1234, for: [agents] }',
      ['secrets.KEY.value: expected no such key here', 'secrets.KEY: expected either env or file'],
    ],
    ['{ env: sk-1234, for: [agents] }', ['secrets.KEY.env: expected the name of a variable']],
    ['{ env: A, file: b, for: [agents] }', ['secrets.KEY: expected either env or file']],
    ['{ env: A }', ['secrets.KEY.for: expected array, found nothing']],
    ['{ env: A, for: [] }', ['secrets.KEY.for: expected at least 1 item, found a list of 0']],
    [
      '{ env: A, for: [notify] }',
      ["secrets.KEY.for[0]: expected agents, as the others are not there yet, found 'notify'"],
    ],
    [
      '{ env: A, for: [agents, forge] }',
      ["secrets.KEY.for[1]: expected agents, as the others are not there yet, found 'forge'"],
    ],
    [
      '{ env: A, for: [everybody] }',
      ["secrets.KEY.for[0]: expected one of agents, forge, notify, environments, found 'everybody'"],
    ],
    [
      '{ env: A, repositories: [], for: [agents] }',
      ['secrets.KEY.repositories: expected at least 1 item, found a list of 0'],
    ],
  ])('written as %s are refused, and a value is never shown', (written, lines) => {
    expect(wrong(`secrets:\n  KEY: ${written}`).sort()).toEqual(lines.map((line) => `gatehouse.yml:2: ${line}`).sort());
  });

  it('have names that a program can be given', () => {
    expect(wrong('secrets: { GATEHOUSE_X: { env: A, for: [agents] } }')).toEqual([
      expect.stringContaining('secrets.GATEHOUSE_X: expected a variable name of letters'),
    ]);
  });

  const read = (secret: string, repository = '/home/ana/src/shop') =>
    secretsFor(parsed(`secrets: { KEY: ${secret} }`), ['KEY'], repository);

  it.each([
    ['{ env: ANTHROPIC, for: [agents] }', { values: { KEY: 'secret-of-ana' } }],
    ['{ env: EMPTY, for: [agents] }', { missing: ['KEY, whose variable is not set'] }],
    ['{ env: NONE, for: [agents] }', { missing: ['KEY, whose variable is not set'] }],
    [
      '{ env: SHORT, for: [agents] }',
      { missing: ['KEY, whose value is shorter than 4 characters, and could not be kept out of logs'] },
    ],
    ['{ file: none, for: [agents] }', { missing: ['KEY, whose file is not there'] }],
    ['{ file: ., for: [agents] }', { missing: ['KEY, whose file is a folder'] }],
    [
      '{ env: ANTHROPIC, repositories: [/home/ben/*], for: [agents] }',
      { missing: ['KEY, which is not for this repository'] },
    ],
  ])('are read at their use: %s', (secret, answer) => {
    expect(read(secret)).toEqual(answer);
  });

  it.each([
    ['value\n', 'value'],
    ['value\r\n', 'value'],
    ['value\n\n', 'value\n'],
    [' value ', ' value '],
  ])('from a file of %j are %j', async (text, value) => {
    await writeFile(path.join(home, 'key'), text);
    await symlink('key', path.join(home, 'link')); // as Kubernetes mounts secrets
    expect(read('{ file: link, for: [agents] }')).toEqual({ values: { KEY: value } });
  });

  it.each([
    ['\n', 'empty'],
    ['abc\n', 'shorter than 4 characters'],
    ['   \n', 'shorter than 4 characters'],
    [Buffer.from([0xff, 0xfe, 0x41]), 'not UTF-8'],
    ['a\0b', 'contains a NUL character'],
    ['x'.repeat(100_001), 'larger than 100000 bytes'],
  ])('from a bad file are missing', async (text, because) => {
    await writeFile(path.join(home, 'key'), text);
    expect(read('{ file: key, for: [agents] }')).toEqual({ missing: [expect.stringContaining(because)] });
  });

  it('are read anew each time, and are not part of the configuration', async () => {
    await writeFile(path.join(home, 'key'), 'first');
    const configuration = parsed('secrets: { KEY: { file: key, for: [agents] } }');
    expect(secretsFor(configuration, ['KEY'], '/shop')).toEqual({ values: { KEY: 'first' } });
    await writeFile(path.join(home, 'key'), 'second');
    expect(secretsFor(configuration, ['KEY'], '/shop')).toEqual({ values: { KEY: 'second' } });
    expect(JSON.stringify(configuration)).not.toContain('second');
  });

  it('are all named if several are missing', () => {
    expect(secretsFor(noConfiguration, ['A', 'constructor'], '/shop')).toEqual({
      missing: [
        'A, which the configuration file does not have',
        'constructor, which the configuration file does not have',
      ],
    });
  });

  it.each<[string, string, boolean]>([
    ['/home/ana/src/shop', '/home/ana/src/shop', true],
    ['/home/ana/src/*', '/home/ana/src/shop', true],
    ['/home/ana/src/*', 'file:///home/ana/src/shop', true],
    ['/home/ana/src/*', '/home/ana/src/shop/', true],
    ['/home/ana/src/*', '/home/ana/src/a/b', false],
    ['/home/ana/src/**', '/home/ana/src/.a/b', true],
    ['/home/ana/src/**', '/home/ana/src/../../ben/shop', false],
    ['/home/ana/src/sh?p', '/home/ana/src/shop', true],
    ['!/home/ana/**', '/home/ben/shop', false],
    ['shop', '/home/ana/src/shop', false],
    ['https://github.com/acme/*', 'https://github.com/acme/shop', true],
    ['https://github.com/acme/*', 'https://github.com/acme/shop.git', true],
    ['https://github.com/acme/*', 'https://ana:pw@github.com/acme/shop/', true],
    ['https://github.com/acme/*', 'https://GitHub.com/acme/shop', true],
    ['https://github.com/acme/*', 'https://github.com/acme/../evil/shop', false],
    ['https://github.com/acme/*', 'https://github.com/acme2/shop', false],
    ['https://github.com/acme/*', 'https://github.com.evil.example/acme/shop', false],
    ['https://github.com/acme/*', 'https://evil.example/?https://github.com/acme/shop', false],
    ['https://github.com/acme/*', 'http://github.com/acme/shop', false],
  ])('for %s serve %s: %s', (glob, repository, served) => {
    const answer = read(`{ env: ANTHROPIC, repositories: [${JSON.stringify(glob)}], for: [agents] }`, repository);
    expect('values' in answer).toBe(served);
  });
});

describe('the file itself', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    ['is a folder', () => mkdir(file), 'expected a readable file, found that it is a folder'],
    ['is a pipe', () => program('mkfifo', [file]), 'expected a readable file, found that it is a pipe or a device'],
    ['has 3 GB', () => writeFile(file, '').then(() => truncate(file, 3 * 2 ** 30)), 'larger than 1000000 bytes'],
    ['is not UTF-8', () => writeFile(file, Buffer.from([0x61, 0xff])), 'not UTF-8'],
    ['links to nothing', () => symlink('nothing', file), 'not there'],
    ['is not there', async () => undefined, 'not there'],
  ])('is refused if it %s', async (_, make, because) => {
    await make();
    expect(readConfiguration({ named: file, environment })).toEqual({
      file,
      faults: [{ path: '', expected: expect.stringContaining(because) }],
    });
  });

  it('may be missing if nobody has named it', () => {
    expect(readConfiguration({ environment })).toMatchObject({ configuration: noConfiguration });
  });
});

describe('an open configuration', () => {
  const secret = (variable: string) => `secrets: { KEY: { env: ${variable}, for: [agents] } }`;

  it('is reloaded, and stays as it was if the file is bad or gone', async () => {
    await writeFile(file, 'signIn: [codex]');
    const live = openConfiguration({ named: file, environment, exposed: [] });
    for (const spoil of [() => writeFile(file, 'signIn: [x]\ny: 1'), () => rm(file)]) {
      await spoil();
      expect(live.reload()).toContainEqual(expect.stringContaining(file));
      expect(live.current().signIn).toEqual(['codex']);
    }
    await writeFile(file, 'signIn: [gemini]');
    expect(live.reload()).toEqual([]);
    expect(live.current().signIn).toEqual(['gemini']);
  });

  it('is not opened from a bad file: one line per fault', async () => {
    await writeFile(file, 'signIn: [x]\ny: 1');
    const open = () => openConfiguration({ named: file, environment, exposed: [] });
    expect(open).toThrow(BadConfiguration);
    expect(open).toThrow(/^\S+gatehouse.yml:1: signIn.*\n\S+gatehouse.yml:2: y: .*$/);
  });

  it('removes the variables of secrets from what programs inherit, now and after each reload', async () => {
    const whole = { ONE: 'first', TWO: 'second', PATH: '/bin' };
    const exposed = { ...whole };
    await writeFile(file, secret('ONE'));
    const live = openConfiguration({ named: file, environment: whole, exposed: [exposed] });
    expect(exposed).toEqual({ TWO: 'second', PATH: '/bin' });
    await writeFile(file, secret('TWO'));
    live.reload();
    expect(exposed).toEqual({ PATH: '/bin' });
    expect(secretsFor(live.current(), ['KEY'], '/shop')).toEqual({ values: { KEY: 'second' } });
  });
});

it.each([
  [WHOLE, true],
  ['{}', true],
  ['secrets: { KEY: { file: x, for: [agents], repositories: ["*"] } }', true],
  ['defaults: { agents: { x: { acp: y, arguments: [z] } } }', true],
  ['defaults: { agents: { x: { acp: y, z: 1 } } }', false],
  ['defaults: { agents: { x: 1 } }', false],
  ['signIn: [x]', false],
  ['people: {}', true],
  ['people: { ana: { github: ana-gh } }', true],
  ['repositories: [{ match: a, policy: { maxRisk: 0.1 } }]', true],
  ['repositories: [{ match: a, policy: { jobSeconds: 1 } }]', false],
  ['roles: {}', true],
  ['roles: { lead: { people: [ana], may: [rule] } }', false],
])('the JSON Schema agrees with the parser about %j', (text, good) => {
  const valid = new Ajv({ strict: false }).compile(schemas.configuration());
  expect([wrong(text).length === 0, valid(parse(text))]).toEqual([good, good]);
});

interface Described {
  description?: string;
  properties?: Record<string, Described>;
  additionalProperties?: Described | boolean;
  anyOf?: Described[];
  items?: Described;
}

/** The paths of the keys without a description. */
function undescribed(schema: Described, at = ''): string[] {
  const { properties = {}, additionalProperties, anyOf = [], items } = schema;
  const keys = Object.entries(properties).flatMap(([key, each]) => [
    ...(each.description ? [] : [`${at}.${key}`]),
    ...undescribed(each, `${at}.${key}`),
  ]);
  const others = [...anyOf, items, additionalProperties].filter((each) => typeof each === 'object');
  return [...keys, ...others.flatMap((each) => undescribed(each, `${at}.*`))];
}

it.each(['configuration', 'repository'] as const)('editors show what each key of the %s file does', (name) => {
  const schema = schemas[name]() as Described;
  expect(undescribed(schema)).toEqual([]);
  expect(JSON.stringify(schema)).toContain('A coding agent that gatehouse knows how to run.'); // agents are walked too
});

describe('what holds for a repository', () => {
  const text = `
repositories:
  - match: 'https://github.com/acme/shop'
    policy: { maxRisk: 0.2, requireSecondPerson: true, protectedPaths: ['infra/**'], tested: merge-result, reconfirm: any }
    comment: all
  - match: 'https://github.com/acme/*'
    policy: { ciAttempts: 3, budgetCents: 500 }
  - match: /srv/**
    comment: off
`;
  it.each<[string, object]>([
    [
      'https://github.com/acme/shop',
      {
        comment: 'all',
        at: 'gatehouse.yml:repositories[0].policy',
        floor: { maxRisk: 0.2, requireSecondPerson: true, protectedPaths: ['infra/**'] },
      },
    ],
    ['https://github.com/acme/shop.git', { comment: 'all' }],
    ['https://github.com/acme/tools', { comment: 'ours', floor: { ciAttempts: 3, budgetCents: 500 } }],
    ['/srv/deep/shop', { comment: 'off', floor: {} }],
    ['https://github.com/other/shop', { comment: 'ours', floor: {} }],
  ])('is the first entry that matches %s', (repository, rules) => {
    expect(parsed(text).rulesOf(repository)).toMatchObject(rules);
  });

  it('is nothing without a file', () => expect(noConfiguration.rulesOf('x')).toEqual({ floor: {}, comment: 'ours' }));

  it.each<[string, RegExp]>([
    ['repositories: [{}]', /repositories\[0\]\.match: expected string/],
    ['repositories: [{ match: a, policy: { jobSeconds: 1 } }]', /policy\.jobSeconds: expected no such key here/],
    ['repositories: [{ match: a, policy: { requireSecondPerson: false } }]', /requireSecondPerson: expected true/],
    ['repositories: [{ match: a, policy: { reconfirm: foreign } }]', /reconfirm: expected "any"/],
    ['repositories: [{ match: a, policy: { tested: head } }]', /tested: expected "merge-result"/],
    ['repositories: [{ match: a, policy: { maxRisk: 2 } }]', /maxRisk: expected at most 1/],
    ['repositories: [{ match: a, comment: some }]', /comment: expected one of ours, all, off/],
    ['repositories: [{ match: a, approvals: {} }]', /approvals: not there yet/],
    ['repositories: [{ match: a, queue: {} }]', /queue: not there yet/],
    ['people: { ana: { github: 1 } }', /people\.ana\.github: expected string/],
    ['people: { ana: { oidc: 1 } }', /people\.ana\.oidc: expected string/],
    ['roles: { lead: { people: [ana], may: [merge] } }', /roles\.lead\.people\[0\]: expected a name of people/],
    ['roles: { lead: { people: [], may: [merge] } }', /roles\.lead\.people: /],
    [
      '{ people: { ana: {} }, roles: { lead: { people: [ana], may: [rule] } } }',
      /roles\.lead\.may\[0\]: expected one of see/,
    ],
  ])('%s is refused', (text, expected) => expect(wrong(text).join()).toMatch(expected));
});

it('somebody on a forge acts under the name that the file gives them', () => {
  const configuration = parsed('people: { ana: { github: Ana-GH, gitea: ana }, bo: { gitea: bo } }');
  expect(actorOf(configuration, { through: 'github', login: 'ana-gh' })).toBe('ana');
  expect(actorOf(configuration, { through: 'gitea', login: 'bo' })).toBe('bo');
  expect(actorOf(configuration, { through: 'github', login: 'bo' })).toBe('github:bo');
});
