import { checksAwaited, checksHeld, checksNotEnded, checksPending } from '../../../workflows/words/checks.ts';
import { examples } from './examples.ts';

const red = (name: string, conclusion = 'failure', log?: string) => ({ name, conclusion, ...(log && { log }) });
const head = '1234567890abcdef';

describe('texts about checks', () => {
  examples([
    [{ fact: 'checksOf', branch: 'work' }, 'The checks of work'],
    [{ fact: 'checksOfHead' }, 'The checks of the head'],
    [{ fact: 'checksPassed', count: 1 }, '1 check passed.'],
    [{ fact: 'checksPassed', count: 2 }, '2 checks passed.'],
    [{ fact: 'noChecks' }, 'There are no checks: nothing gates this change.'],
    [
      { fact: 'checksFailed', failing: [red('lint'), red('e2e', 'timed_out')] },
      'Failing checks: lint (failure), e2e (timed_out).',
    ],
    [{ fact: 'checksFailedAgain', failing: [red('lint'), red('e2e')] }, 'Failing checks: lint, e2e.'],
    [
      { fact: 'mergeResultChecks', head, base: 'main', baseHead: 'fedcba0987654321' },
      'The checks of 12345678 merged into main as it is now (fedcba09)',
    ],
    [
      { fact: 'mergeResultFailed', base: 'main', failing: [red('lint')] },
      'Failing checks once it is merged into main: lint.',
    ],
    [{ fact: 'checksFailedHint' }, 'Fix the checks by hand on the work branch, then retry the run.'],
  ]);

  it.each([
    [checksAwaited({ checks: 'The checks of work', head }), 'The checks of work (12345678) are awaited'],
    [checksPending({ minutes: 120 }), 'Checks have been pending for 120 minutes.'],
    [
      checksHeld({ held: [{ name: 'build', url: 'https://git.example/runs/1' }] }),
      'The forge holds checks until somebody approves them there: build (https://git.example/runs/1)',
    ],
    [
      checksNotEnded({ branch: 'work', because: 'it says no' }),
      'Checks of work may still be running, because they could not be ended: it says no',
    ],
  ])('%s', (sentence, expected) => expect(sentence).toBe(expected));
});

describe('the brief of the ci-fixer', () => {
  examples([
    [
      { fact: 'fixChecksBrief', failing: [red('lint', 'failure', ' no semicolon\n'), red('e2e')] },
      [
        'These checks fail on the head of the work branch. Fix the change so that they pass.',
        '## lint: failure\n\nno semicolon',
        '## e2e: failure\n\n(no output)',
      ].join('\n\n'),
    ],
  ]);
});
