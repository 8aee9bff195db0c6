import type { EnvironmentView, ForeignCommit, Revision } from './activities.ts';
import type { Change } from './change.ts';
import type { ActionName } from './messages.ts';
import type { Notice } from './notices.ts';
import type { Estimate, RunInput } from './pipeline-run.ts';
import { stepIdOf, type PipelineShape, type StepShape } from './pipelines.ts';
import type { Policy } from './policy.ts';
import type { Retrying } from './retrying.ts';
import type { SNAPSHOT_VERSION } from './snapshot.ts';
import type { ActionEntry, CompanionVerdict, Phase, Round, Shown, StepEntry, UsageTotal, Waited } from './reading.ts';

/** What a gate is doing now, as a person would want it told. */
export interface GateView extends Shown {
  phase: Phase;
  waitingOn: Waited;
  detail: string;
  offers?: readonly ActionName[] | undefined;
  attempt?: number | undefined;
  attempts?: number | undefined;
  /** When the wait ends at the latest, where it has such an end. ISO time. */
  deadline?: string | undefined;
}

/** All that a run knows of one step. Everything in it is plain: it travels through continue-as-new. */
export interface StepRecord extends StepEntry {
  options: StepShape;
  /** How often it has parked, and how many jobs of each role it has sent: neither ever goes back. */
  visits: number;
  jobs: Record<string, number>;
  /** Attempts used of each budget, since the step was last started afresh. */
  spent: Record<string, number>;
  /** Rounds that a person granted on top. */
  extra: number;
  rounds: Round[];
  verdicts: CompanionVerdict[];
  summary?: string;
  output?: unknown;
  /** Whether a person put their own words in the place of what was made. */
  edited?: boolean;
  /** Why the step was opened again, and what its job is to act on. */
  reopened?: string;
  rework?: Revision;
  decision?: { id: string; question: string; options: string[]; choice?: string };
  /** While it is parked: since when, and what its gate needs to come straight back here in another execution. */
  parked?: { since: string; kept: Record<string, unknown> };
}

/** A step as it is before anything has happened to it. */
export const freshStep = (step: number, options: StepShape): StepRecord => ({
  step,
  id: stepIdOf(step, options.kind),
  kind: options.kind,
  options,
  state: 'pending',
  waitedMs: 0,
  attempts: [],
  visits: 0,
  jobs: {},
  spent: {},
  extra: 0,
  rounds: [],
  verdicts: [],
});

export interface SeenAction {
  id: string;
  action: string;
  input: string;
  visit?: string | undefined;
}

/** All that a run knows of itself, as data. What people read is derived from it (`rules/describe.ts`). */
export interface RunState {
  version: typeof SNAPSHOT_VERSION;
  workflowId: string;
  /** The first execution's run id: with the workflow id it names this run, also through continue-as-new. */
  firstRunId: string;
  runId: string;
  input: RunInput;
  pipeline: PipelineShape;
  policy: Policy;
  change: Change;
  head?: string | undefined;
  /** Since when this head is known: the grace of a head without checks begins here. */
  headAt: string;
  /** Commits by others, in the order in which they were seen. Verdicts are judged by how many there were. */
  foreign: ForeignCommit[];
  environments: boolean;
  /** Whether the work branch was ahead of its base when the run began: then a coder need not change anything. */
  branchResumed: boolean | undefined;
  /** What the task-estimator said; it beats the task's own. */
  estimate?: Estimate | undefined;
  steps: StepRecord[];
  actions: ActionEntry[];
  seen: SeenAction[];
  notices: Notice[];
  usage: UsageTotal;
  environment: EnvironmentView | null;
  generation: number;
  /** How often steps were started over by a person: red checks of an earlier round run again. */
  restarts: number;
  /** How often a moved base sent the merger back. */
  baseMoves: number;
  /** Whether checks may run whose end nobody has heard: they are not to run on when the run has ended. */
  checking?: boolean | undefined;
  /** Merged is sticky: whatever comes after, it stays so. */
  mergeCommit?: string | undefined;
  mergedAt?: string | undefined;
  paused?: { by?: string | undefined; at: string; reason?: string | undefined } | undefined;
  /** How it is ending: nothing more is taken. It is `closed` once that is done with. */
  ending?: 'passed' | 'failed' | 'stopped' | undefined;
  closed?: boolean | undefined;
  current?: (GateView & { step: number; id: string; kind: string; visit?: string | undefined }) | undefined;
  /** What is tried again and again of what this execution asks. The next one asks anew. */
  retrying?: Retrying[] | undefined;
  /** What is waited for, to tell a new wait from one that is only told anew. */
  wait: { key: string; since: string };
  /** The last action that a gate took, to tell who was faster. */
  lastTaken?: { by?: string | undefined; action: string; at: string; visit?: string | undefined } | undefined;
}
