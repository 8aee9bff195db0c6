import type { Call, Closed, World } from './wire.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- what crosses this wire is JSON of any shape */

/** The part of an execution that other executions can see. */
export interface Neighbour {
  readonly closed: Closed | undefined;
  receive(name: string, args: any[]): void;
}

/** The part of the cluster that an execution needs. */
export interface Surroundings {
  /** The newest execution of each workflow id. */
  readonly executions: Map<string, Neighbour>;
  /** Executions that were followed by another one with the same id. */
  readonly earlier: Neighbour[];
  readonly calls: Set<Call>;
  readonly log: string[];
  readonly world: World;
  readonly now: number;
  /** A counter that increases whenever something happens. */
  activity: number;
  settle(): Promise<void>;
}
