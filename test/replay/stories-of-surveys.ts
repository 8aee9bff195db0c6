import { ApplicationFailure } from '@temporalio/activity';
import type { Orphan, SurveyFacts } from '../../workflows/contracts/survey.ts';
import type { Answering, Case } from './cases.ts';

const at = '2026-01-02T00:00:00.000Z';
const LEFT: Orphan = {
  kind: 'job',
  key: 'run/default/A/000000000001/1-coder/coder-1',
  holder: { workflowId: 'run/default/A', runId: '000000000001' },
  fate: { is: 'gone', how: 'TERMINATED', at: '2026-01-01T00:00:00.000Z' },
  running: true,
};
const MISSING = { is: 'missing', workflowId: 'run/default/B', since: at, because: 'it waits for a person' } as const;
const sights = (over: Partial<SurveyFacts> = {}): SurveyFacts => ({
  ...{ at, leftovers: [], untold: [], stuck: [], failing: [], unseen: [] },
  ...over,
});

/** The first pass finds these, and later passes find nothing. */
const surveyed = (
  name: string,
  raw: unknown,
  found: Partial<SurveyFacts>,
  world: Record<string, Answering> = {},
): Case => ({
  name: `survey-${name}`,
  steps: [],
  raw,
  world: {
    survey: ({ stage }) => (stage.once('survey') ? sights(found) : sights()),
    clearLeftover: () => undefined,
    retellNotices: () => undefined,
    ...world,
  },
  play: (stage) => stage.start(`doctor/default/${stage.each.name}`, 'survey'),
  reaches: () => true,
});

/** Every ending of a survey. */
export const SURVEYS: readonly Case[] = [
  surveyed('finds-nothing', {}, {}),
  surveyed('finds-what-is-left', {}, { leftovers: [LEFT], untold: [MISSING] }),
  surveyed('mends', { fix: true }, { leftovers: [LEFT], untold: [MISSING] }),
  surveyed(
    'cannot-mend',
    { fix: true },
    { leftovers: [LEFT] },
    {
      clearLeftover: () => Promise.reject(ApplicationFailure.nonRetryable('It lives.', 'RunLives')),
    },
  ),
  surveyed('tells', { watch: true }, { leftovers: [LEFT] }),
  { ...surveyed('input-invalid', { fix: 'yes' }, {}), closes: 'FAILED' },
];
