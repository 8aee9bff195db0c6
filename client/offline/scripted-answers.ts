import type { ActionName } from '../../workflows/contracts/messages.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';

export interface PersonsAnswer {
  action: ActionName;
  said: Record<string, unknown>;
}

/** The answer of a person who lets the run continue: the first of these actions that is on offer. */
export function scriptedAnswerTo(
  current: RunAnswer['current'],
  offers: readonly ActionName[],
): PersonsAnswer | undefined {
  const { decision, findings } = current ?? {};
  const open = findings?.find(({ status }) => status === 'open');
  const answers: [ActionName, Record<string, unknown> | undefined][] = [
    ['decide', decision && { decision: decision.id, choice: decision.options[0] }],
    ['resolveCap', { choice: 'proceed' }],
    ['answerFinding', open && { finding: open.id, reply: 'As it is done elsewhere.' }],
    ['incorporate', {}],
    ['approve', {}],
    ['merge', {}],
    ['confirm', {}],
    ['reviewAgain', {}],
    ['proceed', {}],
    ['acknowledge', {}],
    ['resume', {}],
  ];
  const found = answers.find(([action, said]) => said && offers.includes(action));
  return found && { action: found[0], said: found[1]! };
}
