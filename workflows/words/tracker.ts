import { short, type Parts } from './parts.ts';

export const issueTitle = ({ title }: Parts<'issueTitle'>) => `Tech debt: ${title}`;

export const filingIssue = () => 'The issue is being filed';

export const filedAs = ({ id, url }: Parts<'filedAs'>) => `Filed as ${id}${url ? `: ${url}` : '.'}`;

export const noIssueFiled = ({ because, refusal }: Parts<'noIssueFiled'>) => {
  const why = { refused: refusal, 'called-off': 'it was called off', 'no-tracker': 'there is no tracker.' }[because];
  return `No issue was filed: ${why}`;
};

// Comments on the task's issues

export const pullRequestOpened = (opened: { pullRequest: number; branch: string; base: string }) =>
  `Pull request ${opened.pullRequest} was opened: ${opened.branch} into ${opened.base}.`;

export const mergedAs = (merge: { branch: string; base: string; mergeCommit?: string | undefined }) =>
  `${merge.branch} was merged into ${merge.base}${merge.mergeCommit ? ` as ${short(merge.mergeCommit)}` : ''}.`;

export const issuesNotCommented = ({ text, because }: { text: string; because: string }) =>
  `The task’s issues did not get the comment "${text}": ${because}`;
