import { workflowInfo } from '@temporalio/workflow';

interface Activator {
  interceptors: { internals: { concludeActivation?: (input: Turn, next: (input: Turn) => Turn) => Turn }[] };
  concludeActivation(): Turn;
  completed: boolean;
}
interface Turn {
  commands: unknown[];
}

/**
 * Calls `conclude` at the end of each turn of this workflow, when it has nothing left to do until something happens. What is
 * scheduled then belongs to the turn. It is not called for queries, nor in the turn in which the workflow ends. An
 * interceptor of a bundle would be loaded again for each run, so this adds one to the run's own list.
 */
export function atTheEndOfTurns(conclude: () => void): void {
  const activator = (globalThis as unknown as { __TEMPORAL_ACTIVATOR__: Activator }).__TEMPORAL_ACTIVATOR__;
  activator.interceptors.internals.push({
    concludeActivation(input, next) {
      const { isReplaying, isReplayingHistoryEvents } = workflowInfo().unsafe;
      const isQuery = isReplaying && !isReplayingHistoryEvents;
      if (isQuery || activator.completed) return next(input);
      conclude();
      return next({ commands: [...input.commands, ...activator.concludeActivation().commands] });
    },
  });
}
