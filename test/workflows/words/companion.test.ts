import { examples } from './examples.ts';

const rated = { role: 'reviewer', rating: 0.5, threshold: 0.8 };

describe('texts about a companion', () => {
  examples([
    [{ fact: 'producerSkipped', role: 'coder' }, 'coder was skipped: there is nothing to rate.'],
    [{ fact: 'ratedWell', rating: 0.9, threshold: 0.8 }, 'Rated 0.9, at or above 0.8.'],
    [{ fact: 'ratedBelow', ...rated }, 'The reviewer rated it 0.5, below 0.8, or had first remarks.'],
    [
      { fact: 'reworksUsedUpQuestion', because: { fact: 'reworksUsedUp', ...rated, max: 3 } },
      'The reviewer still rates it 0.5, below 0.8, after 3 reworks. What now?',
    ],
    [{ fact: 'proceededAt', by: 'ana', rating: 0.5 }, 'ana let it proceed at 0.5.'],
    [{ fact: 'noAssessment', role: 'reviewer' }, 'The reviewer gave no parseable assessment, twice.'],
  ]);
});
