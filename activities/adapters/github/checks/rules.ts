import { PASSING } from '../../../../workflows/contracts/reports.ts';
import type { HostedCheck } from '../../hosted/api.ts';
import type { CheckRun, WorkflowRun } from '../calling/schemas.ts';

/** Conclusions that say nothing about the commit: such a check runs once more before it is red. */
const AGAIN = ['cancelled', 'stale'];
/** Statuses of a run that goes on by itself. One that is `waiting` waits for a person or a timer of a deployment. */
export const PENDING_RUNS: readonly string[] = ['queued', 'in_progress', 'requested', 'pending'];
const OURS = 'gatehouse';

/** How a check that has ended counts. */
export const greenOf = (conclusion: string): HostedCheck['state'] =>
  PASSING.has(conclusion) ? 'green' : AGAIN.includes(conclusion) ? 'again' : 'red';

export const isActions = (app: CheckRun['app']): boolean => app?.slug === 'github-actions';
export const isUnfinished = ({ status }: WorkflowRun): boolean => status !== 'completed';

/** Whether a person must approve the run: it was held when it was made, or has ended so. */
export const isHeld = ({ status, conclusion }: WorkflowRun): boolean =>
  status === 'action_required' || conclusion === 'action_required';

/** Whether a status of this context is one that we set. */
export const isOurs = (context: string): boolean => context === OURS || context.startsWith(`${OURS}/`);
