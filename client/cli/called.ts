import type { Command } from 'commander';

/** The arguments and options of one call of a command. */
export interface Called<Args = unknown[], Options = object> {
  args: Args;
  options: Options;
  /** Whether to print JSON for a program. */
  json: boolean;
  command: Command;
}

/** Runs a command and returns its exit code. Undefined means success. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- commander's arguments and options have no types
export type Run = (called: Called<any, any>) => Promise<number | void>;
