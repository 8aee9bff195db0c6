import type { Activities } from '../workflows/contracts/activities.ts';
import { changeActivities } from './changes.ts';
import { checkActivities } from './checks.ts';
import { environmentActivities } from './environments.ts';
import { heartbeating } from './heartbeating.ts';
import { jobActivities } from './jobs.ts';
import { noticeActivities } from './notices.ts';
import type { Ports } from './ports.ts';
import { runActivities } from './runs.ts';

export interface Settings {
  /** How often a thing that sends no hints is looked at, in milliseconds. */
  lookMs: number;
  /** The task queue on which what we start is to run. */
  taskQueue: string;
}

/** Everything a workflow may ask of the world, as one flat record over the ports. */
export const createActivities = (ports: Ports, settings: Settings): Activities =>
  heartbeating({
    ...runActivities(ports, settings),
    ...jobActivities(ports, settings),
    ...changeActivities(ports, settings),
    ...checkActivities(ports, settings),
    ...environmentActivities(ports, settings),
    ...noticeActivities(ports),
  });
