import * as environment from '../../../workflows/words/environment.ts';
import { examples } from './examples.ts';

const head = '1234567890';

describe('texts about an environment', () => {
  examples([
    [{ fact: 'environmentBuilding', head }, 'The environment for 12345678 is being built'],
    [{ fact: 'environmentLive', head, url: 'http://x.test' }, '12345678 is live at http://x.test.'],
    [
      { fact: 'environmentLive', head, url: 'http://x.test', expiresAt: '10:00' },
      '12345678 is live at http://x.test, until 10:00.',
    ],
    [{ fact: 'environmentLate' }, 'The environment is not up in time: no reason given'],
    [{ fact: 'environmentNotBuilt', because: 'no room' }, 'The environment could not be built: no room'],
  ]);

  it.each([
    [environment.environmentLost({ status: 'gone' }), 'The environment is gone: no reason given'],
    [environment.environmentReady({ url: 'http://x.test' }), 'The environment is up at http://x.test'],
    [environment.slow({ seconds: 60 }), 'It is not up after 60 s; it may still come up.'],
    [environment.slow({ seconds: 60, because: 'no room' }), 'It is not up after 60 s; it may still come up. no room'],
    [
      environment.teardownFails({ because: 'no disk' }),
      'The environment cannot be removed: no disk. This is retried until it works.',
    ],
  ])('%s', (sentence, expected) => expect(sentence).toBe(expected));
});
