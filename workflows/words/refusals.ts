import { fieldsMessage } from '../contracts/bad-fields.ts';
import { actionNames } from '../contracts/messages.ts';
import type { Parts } from './parts.ts';

// Not now

export const notOffered = ({ action, offers, used, faster }: Parts<'notOffered'>) => {
  const who = faster && `${faster.by ?? 'Somebody'} took ${faster.action} at ${faster.at}.`;
  return [`${action} is not on offer now. On offer: ${offers.join(', ')}.`, used, who].filter(Boolean).join(' ');
};

/** Says why a fix is not on offer, which the list of offers does not show. */
export const fixAttemptsUsed = ({ attempt, attempts }: Parts<'fixAttemptsUsed'>) =>
  `${attempt} of ${attempts} attempts are used.`;

export const runEnded = ({ ending }: Parts<'runEnded'>) => `The run is ${ending}.`;

// Too late

export const visitOver = ({ visit, now }: Parts<'visitOver'>) =>
  `${visit} is over. ${now === undefined ? 'Nobody is asked now.' : `The present visit is ${now}.`}`;

export const headMoved = ({ head }: Parts<'headMoved'>) => `The head is ${head} now.`;

export const decisionSettled = ({ decision, choice }: Parts<'decisionSettled'>) => `${decision} is settled: ${choice}.`;

export const findingSettled = ({ finding }: Parts<'findingSettled'>) =>
  `${finding} is settled: it was incorporated, or was not found again.`;

export const findingNotOpen = ({ finding, because }: Parts<'findingNotOpen'>) => {
  const state = {
    dismissed: 'is dismissed: reopen it first',
    'dismissed-already': 'is dismissed already',
    open: 'is open',
    'no-recommendation': 'has no open recommendation',
  }[because];
  return `${finding} ${state}.`;
};

// Twice

export const actionIdUsed = ({ actionId, action, otherInput }: Parts<'actionIdUsed'>) =>
  `${actionId} was used before, for ${action}${otherInput ? ' with another input' : ''}.`;

// Not allowed

export const overBudget = ({ spent, budget }: Parts<'overBudget'>) => `The run has spent ${spent} of ${budget} cents.`;

export const alreadyMerged = ({ step }: Parts<'alreadyMerged'>) =>
  `The change is merged: only steps after ${step} can be started over.`;

export const secondPersonNeeded = ({ action, who, because }: Parts<'secondPersonNeeded'>) => {
  const why = {
    nameless: `${action} needs "by"`,
    started: `${who} started this run`,
    wrote: `${who} wrote commits of this change`,
  }[because];
  return `requireSecondPerson: ${why}.`;
};

// Wrong input

export const actionUnknown = ({ name }: Parts<'actionUnknown'>) =>
  `${name}: no such action. Known are ${actionNames.join(', ')}.`;

export const actionUnreadable = () => 'input: expected JSON in an encoding that this run can read';

export const inputInvalid = ({ fields }: Parts<'inputInvalid'>) => fieldsMessage(fields);

export const stepOutOfRange = ({ steps }: Parts<'stepOutOfRange'>) =>
  `step: expected a whole number from 1 to ${steps}`;

export const feedbackExpected = () => 'feedback: expected feedback, or comments';

export const findingUnknown = ({ finding, known }: Parts<'findingUnknown'>) =>
  `finding: expected one of ${known.join(', ') || 'none'}; got ${finding}`;

export const findingsUnknown = ({ findings }: Parts<'findingsUnknown'>) =>
  `findings: expected findings of this review; got ${findings.join(', ')}`;

export const questionUnknown = ({ decision }: Parts<'questionUnknown'>) =>
  `decision: expected a question of this run; got ${decision}`;

export const optionUnknown = ({ options }: Parts<'optionUnknown'>) => `choice: expected one of ${options.join(', ')}`;
