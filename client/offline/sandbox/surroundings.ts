import type { Call, Closed, World } from './wire.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- what crosses this wire is JSON of any shape */

/** What one execution may know of another: whether it has ended, and how to send it a signal. */
export interface Neighbour {
  readonly closed: Closed | undefined;
  receive(name: string, args: any[]): void;
}

/** What an execution needs of its cluster. */
export interface Surroundings {
  /** The newest execution of each workflow id. */
  readonly executions: Map<string, Neighbour>;
  /** Those that another one of the same id has followed. */
  readonly earlier: Neighbour[];
  readonly calls: Set<Call>;
  readonly log: string[];
  readonly world: World;
  readonly now: number;
  /** Counted up whenever something happens. */
  activity: number;
  settle(): Promise<void>;
}
