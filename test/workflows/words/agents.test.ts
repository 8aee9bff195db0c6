import {
  agentAtWork,
  agentAwaited,
  agentLongUnavailable,
  agentStopped,
  agentUnavailable,
  changesDiscarded,
} from '../../../workflows/words/agents.ts';
import { examples } from './examples.ts';

describe('texts about agents and helpers', () => {
  examples([
    [{ fact: 'agentAsks', role: 'coder', question: 'Which tax?' }, 'coder asks: Which tax?'],
    [{ fact: 'agentChangedNothing', role: 'coder' }, 'coder changed nothing on a fresh branch.'],
    [{ fact: 'outputAwaitsApproval', role: 'architect' }, 'The output of architect waits for approval.'],
    [{ fact: 'approvedBy', by: 'ana' }, 'Approved by ana.'],
    [{ fact: 'approvedBy' }, 'Approved by a person.'],
    [{ fact: 'rejectedBy', by: 'ana', reason: 'no' }, 'ana rejected it: no'],
    [{ fact: 'rejectedBy' }, 'A person rejected it.'],
    [{ fact: 'joined', first: { fact: 'done' }, then: { fact: 'committedIn', files: ['a'] } }, 'Done. It is in a.'],
    [{ fact: 'joined', first: 'Built it.' }, 'Built it.'],
    [
      { fact: 'attemptsUsedUp', reason: { fact: 'noChecks' }, helper: 'ci-fixer', attempts: 3 },
      'There are no checks: nothing gates this change. All 3 attempts of ci-fixer are used.',
    ],
    [
      { fact: 'helperChangesNothing', reason: 'It is red.', helper: 'ci-fixer', times: 2 },
      'It is red. Nothing changed: ci-fixer made no difference, 2 times in a row.',
    ],
    [{ fact: 'noBranchToFix', reason: 'It is red.' }, 'It is red. There is no work branch to fix it on.'],
    [
      { fact: 'estimated', estimate: { complexity: 0.5, risk: 1, impact: 0 }, rationale: 'big' },
      'Estimated: complexity 0.5, risk 1, impact 0. big',
    ],
    [
      {
        fact: 'estimateTooLow',
        thresholds: [
          { axis: 'risk', least: 0.5 },
          { axis: 'impact', least: 1 },
        ],
      },
      'The estimate is below risk 0.5 and impact 1.',
    ],
    [{ fact: 'noEstimate' }, 'There is no estimate.'],
    [{ fact: 'taskBrief', description: 'Show totals.' }, 'Show totals.'],
    [
      { fact: 'taskBrief', description: 'Show totals.', asks: { fact: 'estimateAsked' } },
      'Show totals.\n\nEstimate the task. Answer in `output` with { "complexity": 0..1, "risk": 0..1, "impact": 0..1, "rationale": "…" }.',
    ],
  ]);

  it.each([
    [agentAtWork({ role: 'coder', job: 2 }), 'coder is at work (coder-2)'],
    [
      agentUnavailable({ role: 'coder', because: 'usage limit reached', until: '2026-01-01T02:06:00.000Z' }),
      'coder waits until its agent is available: usage limit reached. Next try: 2026-01-01T02:06:00.000Z.',
    ],
    [
      agentUnavailable({ role: 'coder', because: 'Signed out!' }),
      'coder waits until its agent is available: Signed out!',
    ],
    [
      agentLongUnavailable({ role: 'coder', because: 'signed out', since: '2026-01-01T00:00:00.000Z' }),
      'The agent of coder has not been available since 2026-01-01T00:00:00.000Z: signed out. The run continues by itself once it is.',
    ],
    [
      agentAwaited({ because: 'signed out', until: '2026-01-01T02:06:00.000Z' }),
      'signed out. Next try: 2026-01-01T02:06:00.000Z',
    ],
    [agentAwaited({ because: 'signed out', tried: 'run/x/coder-1' }), 'signed out. It is tried by run/x/coder-1 now'],
    [agentAwaited({ because: 'signed out' }), 'signed out. Next try: soon'],
    [agentStopped({ role: 'coder', because: 'Ctrl-C.' }), 'The coder was stopped: Ctrl-C.'],
    [
      changesDiscarded({ role: 'architect', files: ['a', 'b'] }),
      'architect only reads. Its changes were discarded: a, b.',
    ],
  ])('%s', (sentence, expected) => expect(sentence).toBe(expected));
});
