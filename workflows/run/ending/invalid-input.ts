import { ApplicationFailure, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { BadField } from '../../contracts/activities.ts';
import { fieldsMessage } from '../../contracts/bad-fields.ts';
import type { FailureDetails } from '../../contracts/run/closed-run.ts';
import { actionsQuery, refusedRunQuery, waitingOnQuery } from '../../contracts/queries.ts';
import { invalidInputHint } from '../../words/run.ts';

export const invalidInput = (fields: BadField[]): ApplicationFailure => {
  const message = fieldsMessage(fields);
  const hint = invalidInputHint();
  const details: FailureDetails = { step: 0, message, hint, fields, settled: [] };
  return ApplicationFailure.nonRetryable(message, 'invalid_input', details);
};

/** An invalid input ends the run at once. Its queries still answer why. */
export function refuseInput(fields: BadField[]): never {
  const failure = invalidInput(fields);
  const since = new Date().toISOString();
  const waiting = { what: 'nothing' as const, detail: failure.message, since, offers: [] };
  setHandler(refusedRunQuery, () => ({ status: 'failed', steps: [], current: null, waitingOn: waiting }));
  setHandler(waitingOnQuery, () => waiting);
  setHandler(actionsQuery, () => []);
  upsertSearchAttributes([
    { key: { name: 'GatehouseStatus', type: 'KEYWORD' }, value: 'failed' },
    { key: { name: 'GatehouseWaitingOn', type: 'KEYWORD' }, value: 'nothing' },
  ]);
  throw failure;
}
