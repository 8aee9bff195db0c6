import { inputTooLarge, resumeFromNoStep } from '../../../workflows/words/input.ts';
import * as run from '../../../workflows/words/run.ts';

const failing = {
  activity: 'settledChecks',
  about: 'ci: reading checks',
  failures: 3,
  since: '10:00',
  message: 'The forge is down.',
};

describe('texts about a run', () => {
  it.each([
    [run.pausedBy({}), 'A person paused the run. It continues with resume.'],
    [run.pausedBy({ by: 'ana', reason: 'lunch' }), 'ana paused the run: lunch It continues with resume.'],
    [run.budgetSpent({ spent: 12, budget: 10 }), 'The run has spent 12 of 10 cents'],
    [
      run.retrying(failing),
      'The forge is down (ci: reading checks: failed 3 times in a row since 10:00; it is tried again).',
    ],
    [
      run.whileFailing('The checks of work', [{ ...failing, failures: 1 }]),
      'The checks of work. Failing: The forge is down (ci: reading checks: failed once since 10:00; it is tried again).',
    ],
    [
      run.notWatched({ what: 'branch', because: 'it says no' }),
      'The work branch cannot be watched: it says no. This is retried every minute.',
    ],
    [run.changeClosed({}), 'The run is over. The change was closed on the forge.'],
    [run.changeClosed({ note: 'The branch was deleted.' }), 'The run is over. The branch was deleted.'],
    [
      run.dependentsUnknown({ ids: ['A', 'B'] }),
      'What waited for this run (A, B) may not have been started: the run was cancelled meanwhile',
    ],
  ])('%s', (sentence, expected) => expect(sentence).toBe(expected));
});

describe('texts about an invalid input', () => {
  it.each([
    [
      resumeFromNoStep({ steps: 3 }),
      {
        path: 'resume.from',
        expected: 'expected a step of the pipeline, 1 to 3, found nothing: all of them are settled',
      },
    ],
    [
      resumeFromNoStep({ steps: 3, from: 4 }),
      { path: 'resume.from', expected: 'expected a step of the pipeline, 1 to 3, found 4' },
    ],
    [
      inputTooLarge({ path: 'task.dependents', most: 500, total: 900, bytes: 800 }),
      {
        path: 'task.dependents',
        expected: 'expected a start input of at most 500 bytes in all, found 900, 800 of them here',
      },
    ],
  ])('%j', (field, expected) => expect(field).toEqual(expected));
});
