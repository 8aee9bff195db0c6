import type { Command } from 'commander';

/** What a command is called with. */
export interface Called<Args = unknown[], Options = object> {
  args: Args;
  options: Options;
  /** Whether a program reads the result. */
  json: boolean;
  command: Command;
}

/** Carries a command out, and answers its exit code. None: it has done what it was asked. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- commander's arguments and options have no types
export type Run = (called: Called<any, any>) => Promise<number | void>;
