import type { Effect } from '../../../activities/ledger.ts';
import type { Ports } from '../../../activities/ports.ts';
import type { Activities } from '../../../workflows/contracts/activities.ts';
import { calledMethods } from './methods.ts';
import type { ScenarioName } from './scenarios.ts';

/**
 * Where a worker is hit, around one call of a port. W1: its workflow task is about to say that the activity is to be;
 * W2: the activity is about to call; W3: the world has done it, and the answer is lost; W4: the answer is there, and the
 * worker is killed before it says so; W5: the answer is in the history, and the worker is killed at the task that follows.
 * `hung`: the world has done it, and never answers, while the worker lives. `late`: the worker freezes before it calls, another
 * does all of it, and then the frozen one goes on.
 */
export const WINDOWS = ['W1', 'W2', 'W3', 'hung', 'W4', 'W5', 'late'] as const;
export type Window = (typeof WINDOWS)[number];

/** One fault, as data. `nth` counts what it waits for within the task named: from 1. */
export type Fault =
  | { kind: 'call'; task: string; port: keyof Ports; method: string; by: keyof Activities; window: Window; nth: number }
  /** The worker is killed as it is about to answer its nth workflow task. */
  | { kind: 'task'; task: string; nth: number }
  /** The worker is killed as soon as this effect stands in the ledger: inside the adapter that has caused it. */
  | { kind: 'effect'; task: string; effect: Effect['effect']; nth: number }
  /** Something happens to the machine under the worker, where one of its git calls or file writes begins or ends. */
  | { kind: 'machine'; task: string; site: string; how: How }
  /** The repository is not where it was, for a while, as soon as this effect stands in the ledger. */
  | { kind: 'vanishes'; task: string; effect: Effect['effect']; nth: number };

/**
 * What happens at a site. `before`, `after`: the worker is killed, before the call begins or as soon as it has ended. `full`:
 * from there on nothing can be written, for a while. `slow`: from there on every git call and every write takes its time.
 */
export type How = 'before' | 'after' | 'full' | 'slow';

export interface Case {
  /** Names it on the command line. */
  name: string;
  scenario: ScenarioName;
  fault: (task: string) => Fault;
  window: Window | 'task' | 'effect' | How | 'vanishes';
}

/** Every method of every port, in every window. */
export const callCases = (): Case[] =>
  calledMethods().flatMap(({ port, method, by, in: scenario, late }) =>
    WINDOWS.filter((window) => window !== 'late' || late).map((window) => ({
      name: `${port}.${method}:${window}`,
      scenario,
      window,
      fault: (task: string) => ({ kind: 'call' as const, task, port, method, by, window, nth: 1 }),
    })),
  );

/** The worker is killed at every workflow task of the happy path: as many as an undisturbed run has. */
export const taskCases = (scenario: ScenarioName, tasks: number): Case[] =>
  Array.from({ length: tasks }, (_, index) => ({
    name: `task:${index + 1}`,
    scenario,
    window: 'task' as const,
    fault: (task: string) => ({ kind: 'task' as const, task, nth: index + 1 }),
  }));

/** The worker's death before and after each git call and each file write that an undisturbed run makes, and a bad disk. */
export const machineCases = (sites: readonly string[]): Case[] => [
  ...sites.flatMap((site) => (['before', 'after'] as const).map((how) => machineCase(site, how))),
  ...sites.filter((_, index) => index % 8 === 0).map((site) => machineCase(site, 'full')),
  machineCase(sites[0]!, 'slow'),
  ...(['job-started', 'check-started', 'environment-created'] as const).map((effect): Case => ({
    name: `machine:vanishes:${effect}`,
    scenario: 'local',
    window: 'vanishes',
    fault: (task) => ({ kind: 'vanishes', task, effect, nth: 1 }),
  })),
];

const machineCase = (site: string, how: How): Case => ({
  name: `machine:${site}:${how}`,
  scenario: 'local',
  window: how,
  fault: (task) => ({ kind: 'machine', task, site, how }),
});

/** What of the adapters that run on this machine is struck: the calls that change it, and the effects, within. */
const LOCAL = [
  'forge.claim',
  'forge.ensurePullRequest',
  'forge.checks',
  'forge.merge',
  'executor.ensure',
  'environments.ensure',
  'environments.remove',
  'notifier.deliver',
];
const LOCAL_EFFECTS = [
  'job-started',
  'job-ended',
  'branch-pushed',
  'environment-created',
  'environment-destroyed',
  'check-started',
  'merged',
  'notice-delivered',
] as const satisfies Effect['effect'][];

/** The same on the adapters that production uses on one machine: git, processes, files. */
export const localCases = (): Case[] => [
  ...calledMethods()
    .filter(({ port, method }) => LOCAL.includes(`${port}.${method}`))
    .flatMap(({ port, method, by }) =>
      (['W2', 'W3', 'hung', 'W4', 'late'] as const).map((window): Case => ({
        name: `local:${port}.${method}:${window}`,
        scenario: 'local',
        window,
        fault: (task) => ({ kind: 'call', task, port, method, by, window, nth: 1 }),
      })),
    ),
  ...LOCAL_EFFECTS.map((effect): Case => ({
    name: `local:${effect}`,
    scenario: 'local',
    window: 'effect',
    fault: (task) => ({ kind: 'effect', task, effect, nth: 1 }),
  })),
];
