import { EnvironmentInput } from '../../../workflows/contracts/environment.ts';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EnvironmentSnapshot, Snapshot, SNAPSHOT_VERSION } from '../../../workflows/contracts/run/snapshot.ts';
import { freshStep } from '../../../workflows/contracts/run/state.ts';
import { Policy } from '../../../workflows/contracts/policy.ts';
import { MIGRATIONS, readEnvironment, readSnapshot, ENVIRONMENT_MIGRATIONS } from '../../../workflows/run/snapshots.ts';
import { change } from '../../support/builders.ts';

const at = '2026-01-01T00:00:00.000Z';
const steps = [{ kind: 'coder' }];
const own = { workspace: 'default', task: { id: 'PAY-142', title: 'Tax', type: 'feature' }, change };
const now = {
  version: SNAPSHOT_VERSION,
  workflowId: 'run/default/PAY-142',
  firstRunId: 'first',
  pipeline: { name: 'custom', steps },
  policy: Policy.parse({}),
  change,
  headAt: at,
  foreign: [],
  environments: false,
  steps: [freshStep(1, { kind: 'coder' })],
  actions: [],
  seen: [],
  notices: [],
  usage: { inputTokens: 0, outputTokens: 0, costCents: 0, unknown: 0 },
  environment: null,
  generation: 0,
  restarts: 0,
  baseMoves: 0,
  wait: { key: '', since: at },
};

const by = { by: 'person', head: 'f'.repeat(40) };
const before = { ...freshStep(1, { kind: 'coder' }), state: 'done', judged: { ...by, foreign: 0 } };

/** A snapshot of each version as its builds wrote it. Old ones never change, because running workflows carry them. */
const WRITTEN: Record<number, Record<string, unknown>> = {
  1: { ...now, version: 1, input: own },
  2: {
    ...now,
    version: 2,
    foreign: [{ commit: 'c'.repeat(40), author: 'Bo', email: '' }],
    steps: [before, { ...freshStep(2, { kind: 'ci' }), judged: { ...by, foreign: 1 } }],
  },
  3: {
    ...now,
    version: 3,
    steps: [{ ...now.steps[0], state: 'waiting', parked: { since: at, kept: { because: 'again' } } }],
  },
  4: {
    ...now,
    version: 4,
    notices: [
      { id: '1-coder/agent_unavailable', type: 'agent_unavailable', severity: 'normal', at, text: 'No credit.' },
    ],
  },
  5: { ...now, described: { title: 'Show totals' }, fork: { trusted: 'f'.repeat(40) } },
};

it.each(Object.entries(WRITTEN))('a snapshot of version %s can be read', (_, snapshot) => {
  const read = readSnapshot(JSON.parse(JSON.stringify(snapshot)));
  expect(read).toMatchObject({ version: SNAPSHOT_VERSION, workflowId: now.workflowId });
  expect(read.steps[0]).toMatchObject({ id: '1-coder' });
  expect(read).not.toHaveProperty('input');
});

it('a verdict that version 2 voided by the number of commits gets its reason from the migration', () => {
  const { steps } = readSnapshot(WRITTEN[2]);
  expect(steps[0]!.judged!.voided).toBe('Commit cccccccc by Bo came after it was judged.');
  expect(steps[1]!.judged!.voided).toBeUndefined();
});

it('every version has a sample and a migration', () => {
  const older = [...Array(SNAPSHOT_VERSION - 1).keys()].map((index) => String(index + 1));
  expect(Object.keys(MIGRATIONS)).toEqual(older);
  expect(Object.keys(WRITTEN)).toEqual([...older, String(SNAPSHOT_VERSION)]);
  expect(Object.keys(ENVIRONMENT_MIGRATIONS)).toEqual(older.slice(1));
});

it.each([
  ['a newer version', { ...now, version: SNAPSHOT_VERSION + 1 }, 'a newer one can'],
  ['no version', { ...now, version: undefined }, 'cannot read a snapshot of version undefined'],
  ['nothing', null, 'cannot read a snapshot'],
  ['an unknown key', { ...now, news: 1 }, 'news: no such key here'],
  ['an unknown key of a step', { ...now, steps: [{ ...now.steps[0], news: 1 }] }, 'steps[0].news: no such key here'],
  ['a missing key', { ...now, wait: undefined }, 'wait: expected object'],
  ['an invalid state', { ...now, steps: [{ ...now.steps[0], state: 'asleep' }] }, 'steps[0].state'],
])('a snapshot with %s throws a plain error, so that a worker that can read it takes over', (_, snapshot, because) => {
  expect(() => readSnapshot(snapshot)).toThrow(because);
  expect(() => readEnvironment(snapshot)).toThrow();
});

/**
 * The hash of both schemas, by version. A change of either needs a new version, a migration, and a new line here.
 * Otherwise a build that is one commit older would misread the new snapshots.
 */
const SHAPES: Record<number, string> = {
  2: '5d5754d5f0e38a1c',
  3: '324cf7f6fd3ff0ae',
  4: '9b6d68537812119d',
  5: '93d957d7b374d31c',
};

it('a changed schema has a new version', () => {
  const shape = [Snapshot, EnvironmentSnapshot].map((schema) => z.toJSONSchema(schema, { io: 'input' }));
  expect(createHash('sha256').update(canonical(shape)).digest('hex').slice(0, 16)).toBe(SHAPES[SNAPSHOT_VERSION]);
});

/** The order of keys and of required keys does not matter. */
const canonical = (shape: unknown): string =>
  JSON.stringify(shape, (name, value: unknown) => {
    if (name === 'required') return (value as string[]).toSorted();
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });

it('an environment passes on a task of a newer build, with types and fields that this build does not know', () => {
  const task = { id: 'PAY-1', title: 'T', type: 'chore', estimate: { risk: 0.1, urgency: 1 } };
  const input = {
    workspace: 'default',
    task,
    change: { repository: '/srv/shop', base: 'main', branch: 'work', basis: 'b'.repeat(40) },
    head: 'a'.repeat(40),
    generation: 1,
    holder: { workflowId: 'run/default/PAY-1', runId: '1' },
    provisionSeconds: 60,
  };
  expect(EnvironmentInput.parse(input).task).toEqual(task);
});
