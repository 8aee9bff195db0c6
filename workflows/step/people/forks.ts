import type { StepRecord } from '../../contracts/run/state.ts';
import { forkCode, forkCodeQuestion } from '../../words/run.ts';
import { park } from './park.ts';
import type { StepScope } from '../scope.ts';

/**
 * Waits until a person lets the code of a fork run here, before the first thing that would run it: a job, a check, a preview.
 * They allow one commit. A later one is asked about anew, because it may be of anybody.
 */
export async function untilTrusted(scope: StepScope): Promise<void> {
  const { run, step } = scope;
  const { state } = run;
  while (isUntrusted(scope)) {
    const { head } = state;
    const facts = { head, pullRequest: state.change.pullRequest };
    const ask = () => ({ detail: forkCode(facts), because: forkCode(facts), offers: ['proceed'] as const });
    const before = step.state;
    const notice = { type: 'approval_required', text: forkCodeQuestion(facts) } as const;
    const { kind } = await park(scope, ask, notice, { kept: ABOUT_FORK });
    step.state = before === 'waiting' ? 'working' : before;
    if (kind === 'proceed' && state.fork) state.fork = { ...(head && { trusted: head }) };
  }
}

const isUntrusted = ({ run: { state } }: StepScope): boolean =>
  state.fork !== undefined && (state.fork.trusted === undefined || state.fork.trusted !== state.head);

/** Whether an earlier execution has left the step there. Then its gate begins anew: nothing of it has run. */
export const isAskedAboutFork = ({ parked }: StepRecord): boolean => parked?.kept['fork'] === true;

const ABOUT_FORK = { fork: true };
