import { Option } from 'commander';
import type { Run } from './called.ts';

/** A command: its help text, and its function, which is loaded when the command is called. */
export interface CommandEntry {
  /** Its name and arguments in commander's syntax. */
  usage: string;
  description: string;
  options?: Option[];
  load: () => Promise<Run>;
}

/** An option in commander's syntax, with its default. */
export const option = (flags: string, description: string, otherwise?: string): Option =>
  new Option(flags, description).default(otherwise);
