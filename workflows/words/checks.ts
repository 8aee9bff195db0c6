import { namesOf, paragraphs, short, type Parts } from './parts.ts';

export const checksOf = ({ branch }: Parts<'checksOf'>) => `The checks of ${branch}`;

export const checksOfHead = () => 'The checks of the head';

/** What people read while CI runs. `checks`: which ones, as `checksOf` names them. */
export const checksAwaited = ({ checks, head }: { checks: string; head: string }) =>
  `${checks} (${short(head)}) are awaited`;

export const checksPending = ({ minutes }: { minutes: number }) => `Checks have been pending for ${minutes} minutes.`;

/** A forge holds workflows back until somebody with write access has approved them. */
export const checksHeld = ({ held }: { held: readonly { name: string; url: string }[] }) =>
  `The forge holds checks until somebody approves them there: ${held.map(({ name, url }) => `${name} (${url})`).join(', ')}`;

export const checksPassed = ({ count }: Parts<'checksPassed'>) =>
  `${count} ${count === 1 ? 'check' : 'checks'} passed.`;

/** A forgotten check has the same effect, so people get a notice. */
export const noChecks = () => 'There are no checks: nothing gates this change.';

export const checksFailed = ({ failing }: Parts<'checksFailed'>) =>
  `Failing checks: ${failing.map(({ name, conclusion }) => `${name} (${conclusion})`).join(', ')}.`;

/** They had passed before. */
export const checksFailedAgain = ({ failing }: Parts<'checksFailedAgain'>) => `Failing checks: ${namesOf(failing)}.`;

export const checksFailedHint = () => 'Fix the checks by hand on the work branch, then retry the run.';

export const checksNotEnded = ({ branch, because }: { branch: string; because: string }) =>
  `Checks of ${branch} may still be running, because they could not be ended: ${because}`;

// The merge result

export const mergeResultChecks = ({ head, base, baseHead }: Parts<'mergeResultChecks'>) =>
  `The checks of ${short(head)} merged into ${base} as it is now (${short(baseHead)})`;

export const mergeResultFailed = ({ base, failing }: Parts<'mergeResultFailed'>) =>
  `Failing checks once it is merged into ${base}: ${namesOf(failing)}.`;

// What the ci-fixer is asked

/** The end of each failing check's output is what its fixer needs most. */
export const fixChecksBrief = ({ failing }: Parts<'fixChecksBrief'>) =>
  paragraphs(
    'These checks fail on the head of the work branch. Fix the change so that they pass.',
    ...failing.map(({ name, conclusion, log }) => `## ${name}: ${conclusion}\n\n${log?.trim() ?? '(no output)'}`),
  );
