import type { Ports } from '../../../activities/ports.ts';
import type { Activities } from '../../../workflows/contracts/activities.ts';
import type { ScenarioName } from './scenarios.ts';

/** A call of a method: by which activity, in which scenario. */
export interface Called {
  by: keyof Activities;
  in: ScenarioName;
  /** Whether it has effects, or reports the end of a job. Then the window `late` applies too. */
  late?: true;
}
/** The reason why no run calls it. */
export interface NotCalled {
  never: string;
}

/** The ports that activities call. Reports to rows go beside them, and no run waits for one. Rules are read from memory. */
type Table = { [Port in keyof Omit<Ports, 'rows' | 'rules'>]: Record<keyof Ports[Port], Called | NotCalled> };

const ORDERLY: NotCalled = { never: 'called by an orderly stop of the worker, not in a crash' };

const SURVEYED: NotCalled = { never: 'called by surveys, never by a run' };

const PEEKED: NotCalled = { never: 'called for people who look in passing, never by a run' };

/** Every method of every port. The compiler ensures that none is missing. */
export const METHODS = {
  forge: {
    examine: { by: 'examine', in: 'merged' },
    claim: { by: 'examine', in: 'merged', late: true },
    look: { by: 'lookAtChange', in: 'merged' },
    ensurePullRequest: { by: 'runJob', in: 'merged', late: true },
    checks: { by: 'settledChecks', in: 'mended', late: true },
    rerunFailed: { never: 'no run has a check run again yet, because judging flakes comes later' },
    endChecks: { by: 'endChecks', in: 'unchecked', late: true },
    mergeability: { by: 'settledMergeability', in: 'mended' },
    updateFromBase: { by: 'updateFromBase', in: 'pulled', late: true },
    commitFiles: { by: 'commitFiles', in: 'specified', late: true },
    changedPaths: { by: 'protectedPaths', in: 'merged' },
    diff: PEEKED,
    mergeResult: { by: 'settledMergeResult', in: 'together', late: true },
    merge: { by: 'merge', in: 'tested', late: true },
    pollEvery: { never: 'the forge on disk is polled as configured' },
    list: SURVEYED,
    release: SURVEYED,
    close: ORDERLY,
  },
  executor: {
    examine: { by: 'examine', in: 'merged' },
    knows: { by: 'runJob', in: 'merged' },
    unavailable: { by: 'runJob', in: 'merged' },
    ensure: { by: 'runJob', in: 'tested', late: true },
    look: { by: 'runJob', in: 'restarted', late: true },
    stop: { by: 'stopJob', in: 'stopped', late: true },
    readLog: PEEKED,
    list: SURVEYED,
    close: ORDERLY,
  },
  environments: {
    examine: { by: 'examine', in: 'tested' },
    ensure: { by: 'provisionEnvironment', in: 'tested', late: true },
    look: { by: 'provisionEnvironment', in: 'tested' },
    remove: { by: 'removeEnvironment', in: 'tested', late: true },
    list: SURVEYED,
    close: ORDERLY,
  },
  releases: {
    examine: { by: 'examine', in: 'released' },
    look: { by: 'releaseSettled', in: 'released' },
    close: ORDERLY,
  },
  tracker: {
    file: { by: 'fileIssue', in: 'filed', late: true },
    tell: { by: 'tellIssues', in: 'filed', late: true },
  },
  meter: {
    record: { by: 'runJob', in: 'merged', late: true },
    spent: { by: 'runJob', in: 'merged' },
  },
  notifier: {
    deliver: { by: 'notify', in: 'tested', late: true },
    list: SURVEYED,
    refresh: { never: 'no notifier of these scenarios changes what it has sent' },
    retell: SURVEYED,
    close: ORDERLY,
  },
  texts: {
    keep: { by: 'keepText', in: 'long', late: true },
    read: { never: 'no run reads a stored text in these scenarios' },
  },
} as const satisfies Table;

export interface MethodCase extends Called {
  port: keyof Ports;
  method: string;
}

/** The methods that a run calls. */
export const calledMethods = (): MethodCase[] =>
  Object.entries(METHODS).flatMap(([port, methods]) =>
    Object.entries(methods as Record<string, Called | NotCalled>).flatMap(([method, entry]) =>
      'never' in entry ? [] : [{ port: port as keyof Ports, method, ...entry }],
    ),
  );
