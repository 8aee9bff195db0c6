import { fieldsMessage } from '../../workflows/contracts/bad-fields.ts';
import { BadVariables } from '../../worker/configuration/variables.ts';
import { ClientError, InvalidInput, LiveRun, NothingToRetry, NotPossible, Refused, Unreachable } from '../errors.ts';
import { shown, tameJson } from '../legible.ts';
import { EXIT, Usage } from './exit-codes.ts';
import { say } from './output.ts';

/** The exit code of a failure; 1 unless the failure has its own. */
export function exitCodeOf(failure: unknown): number {
  if (failure instanceof Refused) return failure.code === 'invalid' ? EXIT.usage : EXIT.refused;
  const isNotNow = [LiveRun, NothingToRetry, NotPossible].some((kind) => failure instanceof kind);
  if (isNotNow) return EXIT.refused;
  if (failure instanceof InvalidInput || failure instanceof BadVariables || failure instanceof Usage) return EXIT.usage;
  if (failure instanceof Unreachable) return EXIT.unanswered;
  return EXIT.failed;
}

/** Prints a failure and what to do next: as text for people, or as JSON for programs. */
export function printFailure(json: boolean, failure: unknown): void {
  const message = (failure as Error).message || String(failure);
  const lines =
    failure instanceof InvalidInput
      ? failure.fields.map((field) => fieldsMessage([field]))
      : failure instanceof BadVariables
        ? message.split('\n')
        : [message];
  const known = failure instanceof ClientError || failure instanceof BadVariables;
  if (json) {
    const code = failure instanceof ClientError ? failure.code : known ? 'configuration' : 'failed';
    const more =
      failure instanceof Refused ? failure.details : failure instanceof InvalidInput ? { fields: failure.fields } : {};
    process.stdout.write(`${tameJson({ error: { code, message, ...more } }, 2)}\n`);
    return;
  }
  // The message of a `not_offered` refusal already lists the offers.
  const { offers } = failure instanceof Refused && failure.code !== 'not_offered' ? failure.details : {};
  const next = offers?.length ? [`On offer now: ${offers.join(', ')}.`] : [];
  say([known ? lines : [`Failed: ${message}`], next].flat().map(shown).join('\n'));
}
