import { Book, figure, type Metric } from './figures.ts';
import { actionsIn } from './history.ts';
import { METRICS, metricIds } from './metrics.ts';
import { judge, line, missed, table } from './report.ts';
import { middle, percentile, summarize } from './statistics.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('statistics', () => {
  it('are values that were measured (nearest rank)', () => {
    const sorted = upTo(200);
    expect([0.5, 0.9, 0.99, 1].map((share) => percentile(sorted, share))).toEqual([100, 180, 198, 200]);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('take the median of the repetitions, and show their spread', () => {
    const summary = summarize([[3, 1, 2], [30, 10, 20], [6, 4, 5], []]);
    expect(summary).toEqual({ n: 9, p50: 5, p90: 6, p99: 6, max: 30, spread: [2, 20] });
    expect(middle([4, 1, 3, 2])).toBe(2.5);
  });

  it('throw without samples', () => {
    expect(() => summarize([[], []])).toThrow('no samples');
  });
});

const measured = (id: keyof typeof METRICS, gatehouse: number[], floor?: number[]): Metric => ({
  id,
  ...METRICS[id],
  figures: { gatehouse: figure([gatehouse]), ...(floor && { floor: figure([floor]) }) },
});

describe('the report', () => {
  it('judges ratios by medians, and a crash by its worst sample', () => {
    expect(judge(measured('action', [13, 13, 99], [10, 10, 10]))).toMatchObject({ ratio: 1.3, holds: true });
    expect(judge(measured('action', [14, 14, 14], [10, 10, 10]))).toMatchObject({ ratio: 1.4, holds: false });
    expect(judge(measured('crash', [2, 2, 5.1], [4]))).toMatchObject({ holds: false, bar: '<= 5 s' });
    expect(judge(measured('parked-cpu', [4.9]))).toMatchObject({ holds: true });
    expect(judge(measured('wake', [90], [30])).holds).toBeUndefined();
  });

  it('counts targets of unmeasured metrics as missed', () => {
    expect(judge(measured('action', [13]))).toMatchObject({ holds: false });
    const contestants: Metric = { id: 'step', ...METRICS.step, figures: { dbos: figure([[3]]) } };
    expect(judge(contestants).holds).toBeUndefined();
    expect(missed([contestants], ['step'])).toEqual(['per step: not measured']);
    expect(missed([measured('action', [11], [10])], ['action', 'step', 'wake'])).toEqual(['per step: not measured']);
  });

  it('names missed targets, and contestants that were not run', () => {
    const metrics = [measured('step', [20], [10]), measured('action', [11], [10])];
    expect(missed(metrics, [])).toEqual(['per step: target <= 1.3 x floor, ratio 2.00']);
    const rows = table(metrics, { dbos: 'not installed' }).split('\n');
    expect(rows).toHaveLength(4);
    expect(rows[2]).toMatch(/action → effect \(signal\) .* 1\.10 .*ok .* not run /);
    expect(rows[3]).toMatch(/per step .* 2\.00 .*MISSED/);
  });

  it('ends with one line of ratios, or figures for metrics without a floor', () => {
    const metrics = [
      measured('parked-memory', [812.4]),
      measured('checks-events', [33]),
      measured('action', [11], [10]),
    ];
    expect(line(metrics)).toBe('bench: action=1.10 parked-memory=812MB checks-events=33');
  });

  it('adds the results of contestants to the existing ones', () => {
    const book = new Book();
    book.add({ id: 'step', ...METRICS.step }, { floor: figure([[30]]), gatehouse: figure([[36]]) });
    book.add({ id: 'step', ...METRICS.step }, { dbos: figure([[3]], 'in one process') });
    expect(Object.keys(book.metrics[0]!.figures)).toEqual(['floor', 'gatehouse', 'dbos']);
    expect(table(book.metrics, {})).toContain('3 [in one process]');
  });

  it('has all targets of the specification', () => {
    const bars = metricIds
      .map((id) => judge(measured(id, [1])))
      .flatMap(({ id, bar }) => (bar ? [`${id} ${bar}`] : []));
    expect(bars).toEqual([
      'action <= 1.3 x floor',
      'action-update <= 1.3 x floor',
      'acknowledged <= 1.2 x floor',
      'acknowledged-signal <= 1.2 x floor',
      'step <= 1.3 x floor',
      'happy-events <= 250 events',
      'happy-size <= 300 kB',
      'storm <= 1.5 x floor',
      'crash <= 5 s',
      'parked-memory <= 1,000 MB',
      'parked-cpu <= 5 %',
      'checks-events <= 60 events',
      'cli-help <= 3 x floor',
      'cli-version <= 3 x floor',
      'cli-completion <= 3 x floor',
      'cli-loading <= 1.3 x floor',
      'cli-list <= 1.3 x floor',
      'inbox <= 50 ms',
      'repository-second <= 1.2 x floor',
      'repository-removal <= 100 ms',
      'repository-git <= 1.5 x floor',
      'repository-removals <= 500 ms',
      'agent-acp <= 300 ms',
      'agent-memory <= 1.3 x floor',
    ]);
  });
});

describe('Temporal actions', () => {
  it('are counted as they are billed', () => {
    const history = [
      { workflowExecutionStartedEventAttributes: {} },
      { workflowTaskCompletedEventAttributes: {} },
      { upsertWorkflowSearchAttributesEventAttributes: {} },
      { markerRecordedEventAttributes: { markerName: 'core_local_activity' } },
      { markerRecordedEventAttributes: { markerName: 'core_local_activity' } },
      { markerRecordedEventAttributes: { markerName: 'core_patch' } },
      { activityTaskScheduledEventAttributes: {} },
      { activityTaskStartedEventAttributes: { attempt: 3 } },
      { activityTaskCompletedEventAttributes: {} },
      { workflowTaskCompletedEventAttributes: {} },
      { markerRecordedEventAttributes: { markerName: 'core_local_activity' } },
      { timerStartedEventAttributes: {} },
    ];
    expect(actionsIn(history)).toBe(1 + 1 + 1 + 1 + 2 + 1 + 1);
  });
});
