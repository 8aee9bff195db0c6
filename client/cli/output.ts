import pc from 'picocolors';
import { fieldsMessage } from '../../workflows/contracts/bad-fields.ts';
import { BadVariables } from '../../worker/configuration/variables.ts';
import { InvalidInput, Refused, ClientError } from '../errors.ts';
import { shown, tame, tameJson } from '../legible.ts';

/**
 * Prints a result: one JSON document, or text for people, made of the result as it may be shown. Results go to standard
 * output, all else to standard error.
 */
export function print<T>(json: boolean, result: T, text: (result: T) => string): void {
  process.stdout.write(`${json ? tameJson(result, 2) : tame(text(shown(result)), pc.isColorSupported)}\n`);
}

/** Prints one line of a story as it happens: an event for programs, its words for people. */
export const tell = (json: boolean, line: string, event: unknown): void =>
  void process.stdout.write(`${json ? tameJson(event) : tame(line, pc.isColorSupported)}\n`);

export const say = (line: string): void => void process.stderr.write(`${tame(line, pc.isColorSupported)}\n`);

/** Tells a failure: to people what it is and what to do next, to programs the same as data. */
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
  // What is not on offer is refused with a sentence that names what is.
  const { offers } = failure instanceof Refused && failure.code !== 'not_offered' ? failure.details : {};
  const next = offers?.length ? [`On offer now: ${offers.join(', ')}.`] : [];
  say([known ? lines : [`Failed: ${message}`], next].flat().map(shown).join('\n'));
}
