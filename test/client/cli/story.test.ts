import { Story } from '../../../client/cli/texts/story.ts';
import type { RunAnswer } from '../../../workflows/contracts/reading.ts';

/** The lines about failing checks that a story prints for each of these snapshots of a run in its CI step. */
function toldOf(looks: { head: string; failing?: string[]; ended?: boolean }[]): string[][] {
  let lines: string[] = [];
  const story = new Story({ address: '', environment: {}, simulated: true }, (line) => lines.push(line));
  return looks.map(({ head, failing, ended }) => {
    lines = [];
    const step = { step: 2, id: '2-ci', kind: 'ci', attempts: [], state: ended ? 'done' : 'working' };
    const shown = failing && { failing: failing.map((name) => ({ name, conclusion: 'failure' })) };
    const run = {
      workflowId: 'run/default/T-1',
      task: { id: 'T-1', title: 'T', type: 'feature' },
      change: { repository: '/shop', head },
      steps: [{ ...step, ...(ended && { endedAt: head }) }],
      current: ended ? null : { step: 2, id: '2-ci', kind: 'ci', phase: 'probing', offers: [], ...shown },
      waitingOn: { what: 'agent', detail: '', since: '', offers: [] },
      environment: null,
      notices: [],
    };
    story.tell(run as unknown as RunAnswer, []);
    return lines.filter((line) => line.includes('failing: '));
  });
}

describe('a failing check', () => {
  it('is printed once for several heads, and another check is printed when it fails', () => {
    const [first, ...later] = toldOf([
      { head: 'a', failing: ['test'] },
      { head: 'b', failing: ['test'] },
      { head: 'b', failing: ['test', 'lint'] },
      { head: 'c' },
      { head: 'c', failing: ['test'] },
    ]);
    expect(first).toEqual(['  failing: test (failure)']);
    expect(later).toEqual([[], ['  failing: lint (failure)'], [], []]);
  });

  it('is printed again if its step has ended in between', () => {
    const looks = [
      { head: 'a', failing: ['test'] },
      { head: 'b', ended: true },
      { head: 'c', failing: ['test'] },
    ];
    expect(toldOf(looks)).toEqual([['  failing: test (failure)'], [], ['  failing: test (failure)']]);
  });
});
