import type { EnvironmentView, ForeignCommit, Signal } from './activities.ts';
import type { Change } from './change.ts';
import type { ActionName } from './messages.ts';
import type { Notice } from './notices.ts';
import type { Failing } from './outcome.ts';
import type { PipelineShape } from './pipelines.ts';
import type { Policy } from './policy.ts';
import type { Task } from './pipeline-run.ts';

/** What the queries of a run answer (contract 7). Times are ISO 8601 in UTC; fields that end in `Ms` milliseconds. */

export type Status = 'running' | 'parked' | 'paused' | 'passed' | 'failed' | 'stopped';
export type Waited = 'person' | 'checks' | 'agent' | 'environment' | 'forge' | 'budget' | 'timer' | 'nothing';

export type Phase =
  | 'starting'
  | 'working'
  | 'probing'
  | 'helping'
  | 'provisioning'
  | 'parked'
  | 'updating-branch'
  | 'reviewing'
  | 'incorporating'
  | 'merging'
  | 'watching'
  | 'cleaning-up';

export interface WaitingOn {
  what: Waited;
  detail: string;
  since: string;
  deadline?: string;
  nextLook?: string;
  offers: ActionName[];
}

export interface AttemptEntry {
  n: number;
  role: string;
  key: string;
  at: string;
  endedAt?: string;
  outcome?: 'completed' | 'failed' | 'evicted' | 'interrupted' | 'stopped' | 'superseded';
  head?: string;
  summary?: string;
}

/** One finding of a review, and what people said to it. */
export interface Finding {
  id: string;
  category: 'gap' | 'clarification' | 'assumption' | 'risk' | 'question';
  severity: 'low' | 'medium' | 'high';
  title: string;
  detail: string;
  status: 'open' | 'answered' | 'dismissed';
  reply?: string | undefined;
  recommendation?: { text: string; fromStandard: boolean; status: 'open' | 'accepted' | 'rejected' } | undefined;
}

/** How a review of requirements or of a bug report stands. Its document is the step's output. */
export interface ReviewEntry {
  /** Reviews taken, and how many there may be. */
  iteration: number;
  max: number;
  findings: Finding[];
  /** How many findings there ever were: their numbers are never given twice. */
  issued: number;
  /** Whether a review is still to be taken: none was yet, the document is new, or the reviewer could not be understood. */
  due: boolean;
  /** Whether answers have been worked into a document. */
  documented: boolean;
}

export interface StepEntry {
  step: number;
  id: string;
  kind: string;
  state: 'pending' | 'working' | 'waiting' | 'done' | 'skipped' | 'failed';
  startedAt?: string;
  endedAt?: string;
  /** Milliseconds spent on people: never counted as work. */
  waitedMs: number;
  outcome?: 'passed' | 'approved' | 'skipped' | 'merged' | 'ready' | 'failed' | 'rejected';
  note?: string;
  attempts: AttemptEntry[];
  usage?: UsageTotal;
  /** Whose verdict this step holds, about which head, and how many foreign commits were known: later ones void it. */
  judged?: { by: 'person' | 'companion'; head?: string; foreign: number };
  review?: ReviewEntry;
}

export interface UsageTotal {
  inputTokens: number;
  outputTokens: number;
  costCents: number;
  /** Jobs that did not say what they used. */
  unknown: number;
}

export interface Round {
  kind: 'fix' | 'conflict';
  findings?: string;
  outcome: 'completed' | 'failed';
  because?: string;
  head?: string;
}

export interface CompanionVerdict {
  rating: number;
  threshold: number;
  passed: boolean;
  feedback: string;
}

/** What a phase has to show besides what all phases have. */
export interface Shown {
  because?: string | undefined;
  failing?: Failing[] | undefined;
  decision?: { id: string; question: string; options: string[] } | undefined;
  cap?: { of: string; used: number; max: number; feedback: string } | undefined;
  proposal?: string | undefined;
  assessment?: unknown;
  verdicts?: CompanionVerdict[] | undefined;
  rounds?: Round[] | undefined;
  findings?: Finding[] | undefined;
  signals?: Signal[] | undefined;
}

export interface CurrentAnswer extends Shown {
  step: number;
  id: string;
  kind: string;
  phase: Phase;
  visit?: string | undefined;
  attempt?: number | undefined;
  attempts?: number | undefined;
  /** `fields` is JSON Schema: any front end can draw the form. */
  offers: { action: ActionName; label: string; fields: unknown }[];
}

export interface RunAnswer {
  workflowId: string;
  runId: string;
  workspace: string;
  task: Task;
  change: Partial<Omit<Change, 'basis'>> & { repository: string; head?: string };
  pipeline: PipelineShape;
  policy: Policy;
  startedBy?: string;
  status: Status;
  steps: StepEntry[];
  current: CurrentAnswer | null;
  waitingOn: WaitingOn;
  environment: EnvironmentView | null;
  notices: Notice[];
  usage: UsageTotal;
  /** How often each step has parked; carried by a retry, so that a visit is never named twice. */
  visits: Record<string, number>;
  /** Commits on the work branch that we did not make, as they were seen. */
  foreign: ForeignCommit[];
}

export interface OutputAnswer {
  step: number;
  kind: string;
  summary: string;
  output?: unknown;
}

export type RefusalCode = 'closed' | 'invalid' | 'duplicate' | 'not_offered' | 'stale' | 'not_allowed';

/** One line of the action log: what was taken, and what was refused as a signal. */
export interface ActionEntry {
  actionId: string;
  action: string;
  by?: string | undefined;
  at: string;
  visit?: string | undefined;
  verdict: 'taken' | 'refused';
  code?: RefusalCode | undefined;
  because?: string | undefined;
  effect?: 'done' | 'failed' | undefined;
  repeats: number;
  input?: unknown;
}
