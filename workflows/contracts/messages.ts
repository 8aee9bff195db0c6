import { defineSignal, defineUpdate } from '@temporalio/workflow';
import { z } from 'zod';
import type { RunOwner } from './environment.ts';

const text = (most: number) => z.string().trim().min(1).max(most);

/** The ways in by which an action came. A bare signal is `temporal`. */
export const Via = z.enum(['temporal', 'cli', 'http', 'page', 'pull-request', 'slack']);

/** The fields of every action besides its own. `visit` and `head` name what its sender has seen. */
export const Envelope = z.object({
  actionId: z.string().min(1).max(128).optional(),
  by: z.string().min(1).max(200).optional(),
  visit: z.string().max(200).optional(),
  head: z.string().max(200).optional(),
  note: z.string().max(2_000).optional(),
  via: Via.optional(),
});

const action = <Own extends z.ZodRawShape>(
  label: string,
  description: string,
  own: Own,
  sample: z.input<z.ZodObject<Own>>,
) => ({ label, description, input: z.strictObject({ ...Envelope.shape, ...own }), sample });

const finding = { finding: text(200) };

/** Every action of a person on a run. To add one, describe it here: everything else is derived from this table. */
export const actions = {
  confirm: action('Looks good', 'Passes the human test.', {}, {}),
  requestFix: action(
    'Send to the fixer',
    'Sends the fixer with your findings, then rebuilds the environment.',
    { findings: text(10_000) },
    { findings: 'What is wrong.' },
  ),
  pullMain: action('Pull the base in', 'Merges the base branch into the change, then rebuilds.', {}, {}),
  recreateEnvironment: action('Rebuild', 'Rebuilds the environment.', {}, {}),
  destroyEnvironment: action('Take down', 'Removes the environment, or stops building it.', {}, {}),
  approve: action(
    'Approve',
    'Approves the output, as it is or as edited.',
    { proposal: z.string().max(50_000).optional() },
    {},
  ),
  requestChanges: action(
    'Request changes',
    'Sends the output back with your feedback.',
    {
      feedback: text(10_000).optional(),
      comments: z
        .array(z.strictObject({ quote: z.string().max(10_000).optional(), text: text(10_000) }))
        .max(200)
        .optional(),
    },
    { feedback: 'What to change.' },
  ),
  reject: action('Reject', 'Rejects it. The run fails.', { reason: text(2_000).optional() }, {}),
  decide: action(
    'Decide',
    'Answers the question that an agent asked.',
    { decision: text(200), choice: text(1_000) },
    { decision: '1-coder/decision-1', choice: 'one of the options' },
  ),
  resolveCap: action(
    'Resolve the cap',
    'Decides how to continue at an iteration cap.',
    { choice: z.enum(['extra-round', 'proceed', 'stop']) },
    { choice: 'extra-round' },
  ),
  answerFinding: action(
    'Answer',
    'Answers a finding.',
    { ...finding, reply: text(10_000) },
    { finding: 'f-1', reply: '…' },
  ),
  dismissFinding: action('Dismiss', 'Dismisses a finding.', finding, { finding: 'f-1' }),
  reopenFinding: action('Reopen', 'Reopens a finding.', finding, { finding: 'f-1' }),
  requestRecommendations: action(
    'Recommend',
    'Asks for recommended answers.',
    { findings: z.array(text(200)).max(200).optional() },
    {},
  ),
  acceptRecommendation: action('Accept', 'Accepts a recommended answer.', finding, { finding: 'f-1' }),
  rejectRecommendation: action('Decline', 'Rejects a recommended answer.', finding, { finding: 'f-1' }),
  incorporate: action(
    'Incorporate',
    'Incorporates the answers into the description.',
    { feedback: text(10_000).optional() },
    {},
  ),
  reviewAgain: action('Review again', 'Reviews once more.', {}, {}),
  proceed: action('Proceed', 'Continues without another round.', {}, {}),
  merge: action('Merge', 'Merges the change as it is.', {}, {}),
  acknowledge: action('Acknowledge', 'Confirms that somebody handles the regression, and ends the watch.', {}, {}),
  pause: action(
    'Pause',
    'Pauses the run before its next job, environment or merge.',
    { reason: text(2_000).optional() },
    {},
  ),
  resume: action('Resume', 'Continues a paused run.', { reason: text(2_000).optional() }, {}),
  stop: action('Stop', 'Cleans up, then ends the run as cancelled.', { reason: text(2_000).optional() }, {}),
  restartFrom: action(
    'Restart from a step',
    'Drops what this step and all later ones did, and runs them again.',
    { step: z.number().int().min(1) },
    { step: 1 },
  ),
};
export type ActionName = keyof typeof actions;
export const actionNames = Object.keys(actions) as ActionName[];

export type HumanAction<Name extends ActionName = ActionName> = {
  [N in Name]: { kind: N } & z.output<(typeof actions)[N]['input']>;
}[Name];

/** Offered at any time. Like `resume`, they ignore `visit` and `head`. */
export const ALWAYS_AVAILABLE = ['pause', 'stop', 'restartFrom'] as const satisfies ActionName[];

/** How an update answers: by which id the action is in the log, and at which visit it was taken. */
interface TakenAction {
  actionId: string;
  visit?: string | undefined;
}

/** The signal is the canonical form; the update is its twin for callers that wait for a yes or a no. */
export const signalOf = (name: ActionName) => defineSignal<[unknown]>(name);
export const updateOf = (name: ActionName) => defineUpdate<TakenAction, [unknown]>(name);

/** Makes a run check now. It carries no verdict, and an invalid one is ignored. */
export const Hint = z.object({
  about: z.enum(['checks', 'change', 'environment', 'job']),
  id: z.string().max(500).optional(),
});
export type HintAbout = z.infer<typeof Hint>['about'];
export const hintSignal = defineSignal<[unknown]>('hint');

/** Between workflows. A report only makes the run read the status. A release counts only from the owner. */
export const environmentReport = defineSignal<[unknown]>('_environment');
export const buildSignal = defineSignal<[unknown]>('_build');
export const releaseSignal = defineSignal<[{ holder: RunOwner; because: string }]>('_release');

/**
 * A newer build's request to continue as new at the next safe point. It names its build id or its task queue, and the newest
 * snapshot version that it reads. Runs that are there already ignore it. Empty: continue as new with the present build.
 */
export const Upgrade = z.strictObject({
  build: z.string().min(1).max(200).optional(),
  taskQueue: z.string().min(1).max(200).optional(),
  reads: z.number().int().min(1).optional(),
});
export type Upgrade = z.output<typeof Upgrade>;
export const upgradeSignal = defineSignal<[unknown]>('_upgrade');
