import type { Text } from './facts.ts';
import type { ActionName } from './messages.ts';
import type { RunInput } from './pipeline-run.ts';
import type { Phase, Shown, Waited } from './reading.ts';
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
}

/** The same in words. */
interface WordedView extends GateView {
  detail: string;
  because?: string | undefined;
}

/**
 * All that a run knows of itself, as data: what travels (`contracts/snapshot.ts`), and what does not, for each execution
 * has it anew. What people read is derived from it (`rules/describe.ts`).
 */
export interface RunState extends Carried {
  input: RunInput;
  runId: string;
  /** What is being done or asked, which the gate says anew. */
  current?: (WordedView & { step: number; id: string; kind: string; visit?: string | undefined }) | undefined;
  /** What is tried again and again of what this execution asks. The next one asks anew. */
  retrying?: Retrying[] | undefined;
}
