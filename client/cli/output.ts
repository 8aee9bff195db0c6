import pc from 'picocolors';
import { shown, tame, tameJson } from '../legible.ts';

/**
 * Prints a result: one JSON document, or text for people, made of the result as it may be shown. Results go to standard
 * output, all else to standard error.
 */
export function print<T>(json: boolean, result: T, text: (result: T) => string): void {
  process.stdout.write(`${json ? tameJson(result, 2) : tame(text(shown(result)), pc.isColorSupported)}\n`);
}

/** Prints one line of a story as it happens: an event for programs, its text for people. */
export const tell = (json: boolean, line: string, event: unknown): void =>
  void process.stdout.write(`${json ? tameJson(event) : tame(line, pc.isColorSupported)}\n`);

/** Prints progress. */
export const say = (line: string): void => void process.stderr.write(`${tame(line, pc.isColorSupported)}\n`);
