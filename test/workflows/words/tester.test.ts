import { examples } from './examples.ts';

const concern = (title: string) => ({ title, severity: 'high', detail: 'why' });
const withheld = { greenlight: false, concerns: [], failed: [], summary: '' };

describe('texts about a test', () => {
  examples([
    [{ fact: 'testerRuns' }, 'The tester runs the change'],
    [{ fact: 'greenlit', concerns: [] }, 'The tester gives its greenlight.'],
    [{ fact: 'greenlit', concerns: [concern('Slow')] }, 'The tester gives its greenlight. Advice: Slow (high).'],
    [{ fact: 'notGreenlit', ...withheld }, 'The tester withholds its greenlight: no reason.'],
    [
      { fact: 'notGreenlit', ...withheld, greenlight: true, concerns: ['a', 'b', 'c', 'd', 'e', 'f'].map(concern) },
      'The tester has concerns: a (high), b (high), c (high), d (high), e (high) and 1 more.',
    ],
    [
      { fact: 'notGreenlit', ...withheld, failed: [{ name: 'login', status: 'failed' }] },
      'The tester withholds its greenlight: login.',
    ],
  ]);
});
