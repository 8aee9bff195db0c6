import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Availability } from '../../../activities/adapters/agents/availability.ts';
import { parseSettings } from '../../../activities/adapters/settings/repository-settings.ts';
import { readConfig } from '../../../client/config.ts';
import { agentsOf, presetFinding, unavailableFinding, usesOf } from '../../../client/doctor/agents.ts';
import { pathWithCodex } from '../../support/agents/fake-codex.ts';
import { removeFolder } from '../../support/folders.ts';
import { exclusivelyIn } from '../../../activities/adapters/processes/exclusive.ts';
import { stateIn } from '../../support/state/databases.ts';

const agentsIn = (text: string) => {
  const read = parseSettings(`agents: ${text}`);
  if (!('settings' in read)) throw new Error(JSON.stringify(read.fields));
  return read.settings.agents;
};

it('each preset is examined once for the same variables and secrets', () => {
  const here = agentsIn(
    '{ default: { use: codex }, fixer: { use: codex, model: fast }, reviewer: { use: codex, secrets: [KEY] }, tester: "true" }',
  );
  const found = usesOf([
    { agents: agentsIn('{ default: { use: codex } }'), at: 'gatehouse.yml:defaults.agents' },
    { agents: here, at: '.gatehouse.yml:agents' },
  ]);
  expect(found).toEqual([
    {
      preset: 'codex',
      env: {},
      secrets: [],
      at: ['gatehouse.yml:defaults.agents.default', '.gatehouse.yml:agents.default', '.gatehouse.yml:agents.fixer'],
    },
    { preset: 'codex', env: {}, secrets: ['KEY'], at: ['.gatehouse.yml:agents.reviewer'] },
  ]);
});

const CODEX = { name: 'codex', program: 'codex', install: 'npm install codex', installed: true } as const;
const USE = { preset: 'codex', env: {}, secrets: [], at: ['a.yml:agents.default'] } as const;

it.each([
  [{ version: '1.2.3', signedIn: true, detail: 'signed in' }, [], true, '1.2.3; signed in; for a.yml:agents.default'],
  [{ version: '1.2.3' }, [], true, '1.2.3; sign-in unknown; for a.yml:agents.default'],
  [{ signedIn: false, detail: 'no' }, [], false, 'version unknown; no; for a.yml:agents.default'],
  [{ version: '1', signedIn: false }, ['KEY'], true, '1; with KEY; for a.yml:agents.default'],
  [{ installed: false }, ['KEY'], false, 'codex is not on PATH; for a.yml:agents.default'],
])('a preset with %j and the secrets %j', (inspected, secrets, ok, detail) => {
  const finding = presetFinding({ ...USE, at: [...USE.at], secrets }, { ...CODEX, ...inspected });
  expect(finding).toMatchObject({ about: 'agent codex', ok, detail });
  expect(finding.mend !== undefined).toBe(!ok);
});

const NOW = Date.parse('2026-11-28T02:00:00.000Z');
const REFUSED = {
  because: 'Its usage limit is reached.',
  since: '2026-11-28T01:00:00.000Z',
  tries: 2,
  file: '/data/unavailable/1.json',
};

it.each([
  [{ program: 'codex', until: '2026-11-28T03:00:00.000Z' }, 'agent codex', false, 'it is tried again at 2026-11-28T03:00:00.000Z'], // prettier-ignore
  [{ program: 'codex', until: '2026-11-28T01:30:00.000Z' }, 'agent codex', true, 'the next job tries it'],
  [{ until: '2026-11-28T01:30:00.000Z' }, 'agent', true, 'the next job tries it'],
])('an agent that cannot work now: %j', (entry, about, ok, next) => {
  expect(unavailableFinding({ ...REFUSED, ...entry }, NOW)).toEqual({
    about,
    ok,
    detail: `cannot work since 2026-11-28T01:00:00.000Z: Its usage limit is reached (2 tries); ${next}`,
    mend: 'wait, or fix the cause; jobs then begin at once after: rm /data/unavailable/1.json',
  });
});

describe('on this machine', () => {
  let home: string;
  beforeEach(async () => void (home = await mkdtemp(path.join(tmpdir(), 'gatehouse-doctor-'))));
  afterEach(() => removeFolder(home));

  async function found(files: Record<string, string>, { login = 'yes', told: reported = false } = {}) {
    const folder = path.join(home, 'shop');
    await mkdir(folder);
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(home, name), text);
    const config = readConfig({
      PATH: await pathWithCodex(home),
      HOME: home,
      CODEX_HOME: home,
      FAKE_CODEX_LOGIN: login,
      GATEHOUSE_DATA: path.join(home, 'data'),
      ...(files['own.yml'] && { GATEHOUSE_CONFIG: path.join(home, 'own.yml') }),
    });
    return agentsOf(
      config,
      reported || Object.keys(files).some((name) => name.startsWith('shop/')) ? folder : undefined,
    );
  }

  it('reports the presets of the configuration file and of the repository', async () => {
    const files = {
      'own.yml': 'defaults: { agents: { default: { use: codex } } }\n',
      'shop/.gatehouse.yml': 'agents: { fixer: { use: codex } }\n',
    };
    expect(await found(files)).toEqual([
      {
        about: 'agent codex',
        ok: true,
        detail: expect.stringMatching(
          /^9\.8\.7; Logged in using ChatGPT.*; for own\.yml:defaults\.agents\.default, \.gatehouse\.yml:agents\.fixer$/,
        ),
      },
    ]);
  });

  it('reports one that is signed out', async () => {
    const [finding] = await found({ 'shop/.gatehouse.yml': 'agents: { default: { use: codex } }\n' }, { login: 'no' });
    expect(finding).toMatchObject({ ok: false, mend: expect.stringMatching(/^sign in, then .* agents try codex$/) });
  });

  it.each([
    ['agents: { default: { use: cursor } }\n', /\.gatehouse\.yml:agents\.default\.use: expected/],
    [undefined, /has no \.gatehouse\.yml$/],
  ])('reports settings that cannot be read: %j', async (text, detail) => {
    const files = text === undefined ? {} : { 'shop/.gatehouse.yml': text };
    expect(await found(files as Record<string, string>, { told: true })).toMatchObject([
      { about: 'repository', ok: false, detail: expect.stringMatching(detail) },
    ]);
  });

  it('reports the agents of this data folder that cannot work now', async () => {
    const registry = new Availability(
      path.join(home, 'data'),
      exclusivelyIn(home, stateIn(home)),
      async () => 'unsent',
    );
    await registry.refuse('1', 'run/a', { because: 'No credit.', program: 'node tools/agent.mjs' });
    expect(await found({})).toMatchObject([
      { about: 'agent node tools/agent.mjs', ok: false, detail: expect.stringMatching(/: No credit \(1 try\); it is/) },
    ]);
  });
});
