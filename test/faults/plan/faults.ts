import type { Effect } from '../../../activities/ledger.ts';
import type { Ports } from '../../../activities/ports.ts';
import type { Activities } from '../../../workflows/contracts/activities.ts';
import { calledMethods } from './methods.ts';
import type { ScenarioName } from './scenarios.ts';

/**
 * The moment of a fault around one call of a port. The worker is killed at W1: while it answers the workflow task that
 * schedules the activity; W2: before the call; W4: after the call, before it reports the result; W5: at the workflow task
 * that follows the result. W3: the call succeeds, but its answer is lost. `hung`: the call succeeds, but never answers,
 * and the worker lives. `late`: the worker freezes before the call, another worker does all of the work, and then the
 * frozen one continues.
 */
export const WINDOWS = ['W1', 'W2', 'W3', 'hung', 'W4', 'W5', 'late'] as const;
export type Window = (typeof WINDOWS)[number];

/** One fault, as data. `nth` counts from 1, within the named task. */
export type Fault =
  | { kind: 'call'; task: string; port: keyof Ports; method: string; by: keyof Activities; window: Window; nth: number }
  /** The worker is killed while it answers its nth workflow task. */
  | { kind: 'task'; task: string; nth: number }
  /** The worker is killed as soon as this effect is in the ledger: inside the adapter that caused it. */
  | { kind: 'effect'; task: string; effect: Effect['effect']; nth: number }
  /** Something happens to the machine when one of its git calls or file writes begins or ends. */
  | { kind: 'machine'; task: string; site: string; how: How }
  /** The repository is missing for a while, as soon as this effect is in the ledger. */
  | { kind: 'vanishes'; task: string; effect: Effect['effect']; nth: number };

/**
 * What happens at a site. `before`, `after`: the worker is killed before or after the call. `full`: no write succeeds for
 * a while. `slow`: from then on, every git call and every write is slow.
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

/** The worker is killed at every workflow task of the happy path. An undisturbed run determines their number. */
export const taskCases = (scenario: ScenarioName, tasks: number): Case[] =>
  Array.from({ length: tasks }, (_, index) => ({
    name: `task:${index + 1}`,
    scenario,
    window: 'task' as const,
    fault: (task: string) => ({ kind: 'task' as const, task, nth: index + 1 }),
  }));

/** The worker dies before and after each git call and each file write of an undisturbed run, and the disk fails. */
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

/** The local methods and effects that are struck: those that change the machine. */
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

/** The same faults, on the production adapters for one machine: git, processes, files. */
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
