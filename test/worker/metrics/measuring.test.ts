import type { Activities, Job, JobReport } from '../../../workflows/contracts/activities.ts';
import type { ActionEntry, StepEntry } from '../../../workflows/contracts/reading.ts';
import type { RunNote } from '../../../workflows/contracts/run/row.ts';
import { measuring } from '../../../worker/metrics/measuring.ts';
import { Metrics } from '../../../worker/metrics/metrics.ts';
import { ended, parked } from '../../support/state/notes.ts';

const NOW = Date.parse('2026-11-29T12:00:00.000Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();

const metricsOf = () =>
  new Metrics({
    state: { now: undefined!, query: () => Promise.reject(new Error('No database.')) },
    forges: () => [],
    log: () => undefined,
  });

const noting = (note: Partial<RunNote>): RunNote => ({ state: parked('A', 1), ...note });
const action = (over: Partial<ActionEntry> = {}): ActionEntry => ({
  ...{ actionId: 'a', action: 'approve', at: ago(2), verdict: 'taken', repeats: 0 },
  ...over,
});
const step = (id: string, over: Partial<StepEntry> = {}): StepEntry => ({
  ...{ step: 1, id, kind: 'ci', state: 'done', waitedMs: 0, attempts: [], outcome: 'passed' },
  ...{ startedAt: ago(100), endedAt: ago(10) },
  ...over,
});
const record = (settled: StepEntry[]) =>
  ({
    closed: { settled, visits: {}, foreign: [], actions: [], outputs: {}, reviews: {} },
  }) as object as RunNote['record'];

/** What a run does: it reports, or calls an activity. */
type Deed = RunNote | { by: string };

/** The sums and counts of the histogram after these deeds. */
async function seen(name: string, deeds: Deed[]): Promise<string[]> {
  const metrics = metricsOf();
  let by: string | undefined;
  const world = { noteRun: async () => undefined, checks: async () => undefined };
  const activities = measuring(world as object as Activities, metrics, { now: () => NOW, caller: () => by });
  for (const deed of deeds) {
    if ('state' in deed) await activities.noteRun(deed);
    else {
      by = deed.by;
      await Reflect.get(activities, 'checks')();
    }
  }
  return (await metrics.text()).split('\n').filter((line) => new RegExp(`^${name}_(sum|count)`).test(line));
}

const [effect, other] = [{ by: 'run/default/A' }, { by: 'run/default/B' }];
const taken = noting({ actions: [action()] });

it.each<[string, Deed[], string[]]>([
  ['an action without an effect yet', [taken], []],
  ['another run does something', [taken, other], []],
  ['what its run does next, once', [taken, effect, effect], ['_sum{action="approve"} 2', '_count{action="approve"} 1']],
  [
    'a report that is repeated',
    [taken, effect, taken, effect],
    ['_sum{action="approve"} 2', '_count{action="approve"} 1'],
  ],
  ['a repeat of the action', [noting({ actions: [action({ repeats: 1 })] }), effect], []],
  ['a refused action', [noting({ actions: [action({ verdict: 'refused' })] }), effect], []],
])('action to effect: %s', async (_, deeds, lines) => {
  const name = 'gatehouse_action_to_effect_seconds';
  expect(await seen(name, deeds)).toEqual(lines.map((line) => name + line));
});

it.each<[string, StepEntry[], string[]]>([
  [
    'steps without waits for people',
    [step('a', { waitedMs: 30_000 }), step('b', { endedAt: ago(5), kind: 'merger', outcome: 'merged' })],
    [
      '_sum{gate="ci",outcome="passed"} 60',
      '_count{gate="ci",outcome="passed"} 1',
      '_sum{gate="merger",outcome="merged"} 95',
      '_count{gate="merger",outcome="merged"} 1',
    ],
  ],
  ['no skipped step', [step('a', { state: 'skipped', outcome: 'skipped' })], []],
  ['none that a retry took over', [step('a', { startedAt: '2026-11-25T00:00:00.000Z' })], []],
])('seconds of steps: %s', async (_, settled, lines) => {
  const name = 'gatehouse_step_seconds';
  const last = { state: ended('A', 2), record: record(settled) };
  // A run that goes on reports its steps, too: they count once, at its end.
  expect(await seen(name, [noting({ record: record(settled) }), last, last])).toEqual(lines.map((line) => name + line));
});

it('counts the ends of jobs, and none that was held back', async () => {
  const metrics = metricsOf();
  const reports: JobReport[] = [
    { is: 'held', by: 'budget', because: 'It is spent.' },
    { is: 'failed', because: 'It has no tests.' },
    { is: 'failed', because: 'It has no tests.' },
  ];
  const world = { runJob: async () => reports.shift()! } as Partial<Activities> as Activities;
  const { runJob } = measuring(world, metrics);
  for (let n = 0; n < 3; n += 1) await runJob({ role: 'fixer' } as Job);
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('gatehouse_attempts_total{'));
  expect(lines).toEqual(['gatehouse_attempts_total{role="fixer",outcome="failed"} 2']);
});
