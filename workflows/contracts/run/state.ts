import type { Text } from '../facts.ts';
import type { ActionName } from '../messages.ts';
import type { RunInput } from '../pipeline-run.ts';
import type { Phase, Shown, Waited } from '../reading.ts';
import type { Retrying } from './retrying.ts';
import type { Carried } from './snapshot.ts';

export { freshStep, StepRecord } from './step-record.ts';

/** What a gate is doing now, for people. */
export interface GateView extends Omit<Shown, 'because'> {
  phase: Phase;
  waitingOn: Waited;
  detail: Text;
  because?: Text | undefined;
  offers?: readonly ActionName[] | undefined;
  attempt?: number | undefined;
  attempts?: number | undefined;
  /** When the wait ends at the latest, where it has such an end. ISO time. */
  deadline?: string | undefined;
  /** When the world is polled next, where that is far off. ISO time. */
  nextLook?: string | undefined;
  /** When the wait began, where several jobs are part of it. ISO time. */
  since?: string | undefined;
}

/** The same in words. */
interface WordedView extends GateView {
  detail: string;
  because?: string | undefined;
}

/**
 * All that a run knows of itself, as data: what is handed to the next execution (`snapshot.ts`), and what each execution
 * creates it again. What people read is derived from it (`words/views/describe.ts`).
 */
export interface RunState extends Carried {
  input: RunInput;
  runId: string;
  /** What is being done or asked. The gate of the next execution shows it again. */
  current?: (WordedView & { step: number; id: string; kind: string; visit?: string | undefined }) | undefined;
  /** The activities of this execution that keep failing. */
  retrying?: Retrying[] | undefined;
}
