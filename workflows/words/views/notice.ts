import { actions, type ActionName } from '../../contracts/messages.ts';
import type { Notice, NoticeType } from '../../contracts/notices.ts';
import type { Task } from '../../contracts/pipeline-run.ts';

/** What a notice is about, in a few words. */
const HEADINGS: Record<NoticeType, string> = {
  human_test_ready: 'Ready to be tried',
  decision_required: 'A decision is needed',
  approval_required: 'An approval is needed',
  requirement_review: 'The requirements have findings',
  clarity_review: 'The bug report has findings',
  ci_failed: 'CI fails',
  test_failed: 'The tests fail',
  conflicts_failed: 'The conflicts are not resolved',
  run_failed: 'The run has failed',
  merge_review: 'The merge needs a person',
  merge_note: 'About the merge',
  pipeline_complete: 'The run is complete',
  release_regression: 'The release has a regression',
  release_no_data: 'The release has no data',
  checks_pending: 'Checks have not ended',
  no_checks: 'There are no checks',
  changes_discarded: 'Changes were discarded',
  environment_lost: 'The environment is lost',
  environment_ready: 'The environment is ready',
  teardown_failing: 'The environment cannot be removed',
  doctor_found: 'The doctor has found something',
  keeps_failing: 'Something keeps failing',
  checkout_lacking: 'A checkout is incomplete',
  agent_unavailable: 'An agent is not available',
  dependent_not_started: 'A dependent task was not started',
};

/** One line that says what a notice is about. */
export const noticeTitle = ({ task, notice }: { task: Task; notice: Pick<Notice, 'type' | 'severity'> }): string =>
  `${notice.severity === 'urgent' ? 'Urgent: ' : ''}${HEADINGS[notice.type]}: ${task.title} (${task.id})`;

/** Since when it waits. `since`: ISO time. */
export const waitsSince = (since: string): string => `Waits since ${timeOf(since)}.`;

/** What an ISO time is to people. */
export const timeOf = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

/** What the link to the run is called. */
export const decideLink = (): string => 'See the run and decide';

export const digestTitle = (count: number): string =>
  count === 1 ? 'One run waits for you' : `${count} runs wait for you`;

/** One line of a digest. */
export const digestLine = ({
  task,
  detail,
  since,
}: {
  task: Pick<Task, 'id' | 'title'>;
  detail: string;
  since: string;
}): string => `${task.title} (${task.id}): ${detail} ${waitsSince(since)}`;

export const moreInDigest = (count: number): string => `And ${count} more.`;

/** How a wait has ended, where it was shown. */
export function answeredLine(by: { who?: string | undefined; action: string } | undefined): string {
  if (!by) return 'Nothing is to be done here any more.';
  const label = Object.hasOwn(actions, by.action) ? actions[by.action as ActionName].label : by.action;
  return `Answered: ${label}${by.who === undefined ? '' : `, by ${by.who}`}.`;
}

/** What somebody reads who has pressed a button. */
export const pressed = {
  taken: (label: string): string => `${label}: taken.`,
  queued: (label: string): string => `${label}: queued until a worker takes it.`,
  unknownPerson: (): string => 'Nobody in the configuration file has your Slack account, so you may not act here.',
  notAllowed: (): string => 'You may not do this here.',
  refused: (because: string): string => `It was refused: ${because}`,
  unreachable: (): string => 'The run cannot be reached now. Try again in a minute.',
};
