import pc from 'picocolors';
import { shown, tame, tameJson } from '../legible.ts';

/**
 * Prints a result as one JSON document, or as text for people, without control characters. Results go to standard output,
 * everything else to standard error.
 */
export function print<T>(json: boolean, result: T, text: (result: T) => string): void {
  process.stdout.write(`${json ? tameJson(result, 2) : tame(text(shown(result)), pc.isColorSupported)}\n`);
}

/** Prints one event at once: as JSON for programs, or as a line for people. */
export const tell = (json: boolean, line: string, event: unknown): void =>
  void process.stdout.write(`${json ? tameJson(event) : tame(line, pc.isColorSupported)}\n`);

/** Prints progress. */
export const say = (line: string): void => void process.stderr.write(`${tame(line, pc.isColorSupported)}\n`);
