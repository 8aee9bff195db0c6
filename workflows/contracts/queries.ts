import { defineQuery } from '@temporalio/workflow';
import type { EnvironmentView } from './environment.ts';
import type { RecoveryReport } from './run/recovery.ts';
import type { ActionEntry, OutputAnswer, RunAnswer, WaitingOn } from './reading.ts';

export const runQuery = defineQuery<RunAnswer>('run');
/** How a run answers whose input was refused: there is nothing else to report of it. */
export const refusedRunQuery = defineQuery<Pick<RunAnswer, 'status' | 'steps' | 'current' | 'waitingOn'>>(
  runQuery.name,
);
export const waitingOnQuery = defineQuery<WaitingOn>('waitingOn');
export const actionsQuery = defineQuery<ActionEntry[]>('actions');
export const outputQuery = defineQuery<OutputAnswer | null, [unknown]>('output');
/** How far a recovery has come. */
export const recoveryQuery = defineQuery<RecoveryReport>('recovery');
export const environmentQuery = defineQuery<EnvironmentView>('environment');
