import { jest } from '@jest/globals';
import type { Orphan, SurveyFacts } from '../../workflows/contracts/survey.ts';
import { Cluster, type World } from '../support/sandbox.ts';

jest.setTimeout(120_000);

const at = '2026-01-02T00:00:00.000Z';
const left = (task: string, over: Partial<Orphan> = {}): Orphan => ({
  kind: 'job',
  key: `run/default/${task}/000000000001/1-coder/coder-1`,
  holder: { workflowId: `run/default/${task}`, runId: '000000000001' },
  fate: { is: 'gone', how: 'TERMINATED', at: '2026-01-01T00:00:00.000Z' },
  running: true,
  ...over,
});
const sightsOf = (over: Partial<SurveyFacts> = {}): SurveyFacts => ({
  ...{ at, leftovers: [], untold: [], stuck: [], failing: [], unseen: [] },
  ...over,
});

/** One pass over a world with these leftovers, which stay until they are cleared. */
async function pass(
  input: unknown,
  leftovers: Orphan[],
  { over = {}, lastResult }: { over?: World; lastResult?: unknown } = {},
) {
  const left = new Set(leftovers);
  const reported: any[] = [];
  const cluster = new Cluster({
    survey: () => sightsOf({ leftovers: [...left] }),
    clearLeftover: ({ leftover }: { leftover: Orphan }) => {
      for (const each of left) if (each.key === leftover.key) left.delete(each);
    },
    retellNotices: () => undefined,
    notify: (message) => void reported.push(message),
    ...over,
  });
  const run = await cluster.start('survey', 'doctor/gatehouse/look', input, { lastResult });
  return { run, cluster, told: reported, result: (run.closed as { result: any } | undefined)?.result };
}

it('a pass changes nothing, and shows its findings in the Web UI', async () => {
  const { run, cluster, result } = await pass(undefined, [left('A')]);
  expect(cluster.log).toEqual(['survey']);
  expect(result.findings.filter(({ ok }: any) => !ok)).toMatchObject([{ about: 'terminated runs' }]);
  expect(result.findings.filter(({ ok }: any) => ok).map(({ about }: any) => about)).toEqual([
    ...['notices', 'workflow tasks', 'environments', 'jobs', 'what waits'],
  ]);
  expect((await run.metadata()).currentDetails).toMatch(
    /^\*\*1 found\*\* at .*terminated runs.*gatehouse doctor --fix/s,
  );
});

it('a pass with fix clears what it may, surveys again, and reports what it did', async () => {
  const unknown = left('C', { fate: { is: 'unknown' } });
  const { cluster, result } = await pass({ fix: true }, [left('A'), left('B'), unknown]);
  expect(cluster.log).toEqual(['survey', 'clearLeftover', 'clearLeftover', 'survey']);
  expect(result.mended).toEqual([
    'cleared: job run/default/A/000000000001/1-coder/coder-1',
    'cleared: job run/default/B/000000000001/1-coder/coder-1',
  ]);
  expect(result.findings.filter(({ ok }: any) => !ok)).toMatchObject([
    { detail: expect.stringContaining('knows no run') },
  ]);
});

it('a failed repair is reported and stays a finding; the rest is repaired', async () => {
  const refuse = ({ leftover }: { leftover: Orphan }) => {
    if (leftover.key.includes('/A/')) throw new Error('The disk is gone.');
  };
  const { result } = await pass({ fix: true }, [left('A'), left('B')], { over: { clearLeftover: refuse } });
  expect(result.mended[0]).toMatch(/^not cleared: job run\/default\/A.*The disk is gone\.$/);
  expect(result.mended[1]).toMatch(/^cleared: job run\/default\/B/);
});

it('undelivered notices are sent again for the runs that miss them', async () => {
  const untold: SurveyFacts['untold'] = [
    { is: 'kept', adapter: 'webhook', count: 2, since: at },
    { is: 'missing', workflowId: 'run/default/A', since: at, because: 'it fails' },
  ];
  const asked: unknown[] = [];
  const over = { survey: () => sightsOf({ untold }), retellNotices: (question: unknown) => void asked.push(question) };
  await pass({ fix: true }, [], { over });
  expect(asked).toEqual([{ workflowIds: ['run/default/A'] }]);
});

describe('a scheduled survey', () => {
  it('reports a finding once, not once per pass, and again if it returns', async () => {
    const first = await pass({ watch: true }, [left('A')]);
    expect(first.told).toMatchObject([
      { notice: { type: 'doctor_found', text: expect.stringContaining('run/default/A') } },
    ]);
    const second = await pass({ watch: true }, [left('A'), left('B')], { lastResult: first.result });
    expect(second.told.map(({ notice }) => notice.id)).toEqual(['cut/run/default/B/000000000001']);
    const third = await pass({ watch: true }, [left('B')], { lastResult: second.result });
    expect(third.told).toEqual([]);
    const fourth = await pass({ watch: true }, [left('A'), left('B')], { lastResult: third.result });
    expect(fourth.told.map(({ notice }) => notice.id)).toEqual(['cut/run/default/A/000000000001']);
  });

  it('sends notices with stable ids, so that a repeated pass sends the same notices', async () => {
    const keys = [];
    for (let n = 0; n < 2; n += 1) {
      const { told: reported } = await pass({ watch: true }, [left('A')]);
      keys.push(reported.map(({ notice: { id, at: when } }) => `${id} ${when}`));
    }
    expect(keys[0]).toEqual(keys[1]);
  });

  it('is not blocked by undeliverable notices, which the next pass sends', async () => {
    const { run, cluster } = await pass({ watch: true }, [left('A')], {
      over: { notify: () => new Promise(() => undefined) },
    });
    expect(run.closed).toBeUndefined();
    await cluster.advance(61_000);
    expect(run.closed).toMatchObject({ result: { told: [] } });
  });
});

it('an invalid input fails the survey with the name of the field', async () => {
  const { run } = await pass({ fixx: true }, []);
  expect(run.closed).toMatchObject({ failure: { type: 'invalid_input', message: 'fixx: no such key here' } });
});
