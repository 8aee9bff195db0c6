import type { MergeAnswer, MergeMethod } from '../api.ts';
import { ForgeUnavailable, PermissionMissing, Refused } from '../failures.ts';
import { pause } from '../parts.ts';
import type { Next } from './answers.ts';
import type { Case, Merging } from './case.ts';

/** Asks for the merge. Without an answer, the pull request says whether it took place. */
export async function ask(
  parts: Merging,
  { repository, pullRequest, wish }: Case,
  method: MergeMethod,
): Promise<MergeAnswer> {
  const { api, times } = parts;
  const [title = '', ...rest] = wish.message.split('\n');
  const squashed = method === 'squash' && `${pullRequest.title} (#${pullRequest.number})`;
  try {
    const message = rest.join('\n').trim();
    return await api.merge(repository, pullRequest, { head: wish.head, method, title: squashed || title, message });
  } catch (failure) {
    if (failure instanceof Refused) return { is: 'refused', words: failure.words };
    if (failure instanceof PermissionMissing) return { is: 'refused', words: failure.message };
    if (!(failure instanceof ForgeUnavailable)) throw failure;
    for (const until = Date.now() + times.settleMs; Date.now() < until; await pause(times.pauseMs)) {
      const now = await api.pullRequest(repository, pullRequest.number).catch(() => undefined);
      if (now?.state === 'merged') return { is: 'merged', commit: now.mergeCommit };
    }
    throw failure;
  }
}

/** A refusal may mean that it is merged already, or that somebody has moved it. */
export async function reread({ api }: Merging, { repository, pullRequest, wish }: Case, next: Next): Promise<Next> {
  if (next.do !== 'report' || next.report.is !== 'refused') return next;
  const now = await api.pullRequest(repository, pullRequest.number);
  if (now?.state === 'merged') return { do: 'finish', commit: now.mergeCommit };
  return now && now.head !== wish.head ? { do: 'moved' } : next;
}
