import { earlierReleaseWatched, releaseWatched, watchedBy } from '../../../workflows/words/release.ts';
import { examples } from './examples.ts';

const signals = [
  { id: 'errors', name: 'Errors', state: 'alert' as const, detail: '5 %' },
  { id: 'latency', state: 'alert' as const },
  { id: 'load', state: 'ok' as const },
];

describe('texts about a release', () => {
  examples([
    [{ fact: 'nothingReleased' }, 'Nothing was merged: there is no release to watch.'],
    [{ fact: 'releaseHealthy', minutes: 30 }, 'Watched for 30 minutes: it is healthy.'],
    [{ fact: 'releaseWithoutData', minutes: 30 }, 'Watched for 30 minutes: no signal had any data.'],
    [{ fact: 'regressed', signals }, 'The release has regressed: Errors (5 %), latency.'],
    [{ fact: 'regressed', signals: [] }, 'The release has regressed.'],
    [
      { fact: 'regressionAcknowledged', regression: { fact: 'regressed', signals: [] }, by: 'ana' },
      'The release has regressed. Acknowledged by ana.',
    ],
    [
      { fact: 'investigated', recommendation: 'revert', confidence: 0.9, rationale: 'It is us.' },
      'On-call says revert (confidence 0.9): It is us.',
    ],
    [
      { fact: 'investigationFailed', because: { fact: 'noReleaseAssessment' } },
      'The investigation failed (its answer is no assessment): check it yourself.',
    ],
  ]);

  it.each([
    [releaseWatched({ mergeCommit: '1234567890', until: '10:00' }), 'The release of 12345678 is watched until 10:00'],
    [watchedBy({ workflowId: 'release/default/A' }), 'Watched by release/default/A.'],
    [
      earlierReleaseWatched({ workflowId: 'release/default/A' }),
      'release/default/A still watches an earlier release of this task: this one is not watched.',
    ],
  ])('%s', (sentence, expected) => expect(sentence).toBe(expected));
});
