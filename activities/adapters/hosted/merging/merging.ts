import type { MergeReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Expected } from '../../../ports.ts';
import { isAncestor, mergeTree } from '../../git/commits.ts';
import { headsOf } from '../../git/publishing/branches.ts';
import type { HostedBranch, HostedRepository, MergeAnswer, MergeMethod, PullRequest } from '../api.ts';
import { ForgeUnavailable, PermissionMissing, Refused } from '../failures.ts';
import { atForge, ensurePullRequest } from '../changes/pull-requests.ts';
import { OURS, type OurStatuses } from '../checks/our-statuses.ts';
import { keyOf, pause, type Parts } from '../parts.ts';
import { afterMerge, type Facts, type Next } from './answers.ts';
import { finish } from './finishing.ts';
import { methodNote, methodsFor } from './methods.ts';
import { enqueue, inQueue } from './queueing.ts';
import type { WaitingMerges } from './waiting.ts';

export type Merging = Parts & { statuses: OurStatuses; waiting: WaitingMerges };

/** A merge as it is asked for. `method`: the policy's. */
export type Wish = Expected & { method?: MergeMethod | undefined };

/** Everything that one call of a merge is about. */
export interface Case {
  change: Change;
  repository: HostedRepository;
  pullRequest: PullRequest;
  rules: HostedBranch | undefined;
  wish: Wish;
}

/**
 * Merges exactly the head that was judged. The pull request is read before and after, so that a merge whose answer was lost
 * is found, and no merge is asked for blindly a second time.
 */
export async function merge(parts: Merging, before: Change, wish: Wish): Promise<MergeReport> {
  const found = await caseOf(parts, before, wish);
  const { change, repository, pullRequest, rules } = found;
  if (pullRequest.state === 'merged') return finish(parts, found);
  const moved = await movedFrom(parts, found);
  if (moved) return moved;
  if (pullRequest.state === 'closed')
    return { is: 'refused', because: `The pull request ${pullRequest.number} is closed at the forge` };
  const queued = await inQueue(parts, found);
  if (queued) return queued;
  if (rules?.strict && (await isBehind(parts, found)))
    return { is: 'behind', because: `${change.base} has commits that ${change.branch} must contain` };

  const waited = parts.waiting.find(pullRequest, wish);
  if (waited) return waited;

  const methods = methodsFor(wish.method, repository, rules);
  if (methods.length === 0)
    return { is: 'refused', because: `The forge allows no method to merge into ${change.base}` };
  const status = { context: OURS, state: 'success', description: 'ready to merge' } as const;
  await parts.statuses.set(repository, wish.head, status);
  const report = await attempts(parts, found, methods);
  parts.waiting.note(pullRequest, wish, report);
  return report;
}

/** Reads the pull request anew, with the rules of its base. A change without a pull request gets one. */
async function caseOf(parts: Merging, before: Change, wish: Wish): Promise<Case> {
  let { repository, pullRequest, change } = await atForge(parts, before);
  if (!pullRequest) {
    const [title = '', ...body] = wish.message.split('\n');
    await ensurePullRequest(parts, change, { title, body: body.join('\n').trim() });
    ({ repository, pullRequest, change } = await atForge(parts, before));
  }
  parts.lookup.forgetBranch(repository, change.base);
  const rules = await parts.lookup.branch(repository, change.base);
  return { change, repository, pullRequest: pullRequest!, rules, wish };
}

/** Asks the forge to merge until there is an answer to report. */
async function attempts(parts: Merging, found: Case, allowed: readonly MergeMethod[]): Promise<MergeReport> {
  const { api, times } = parts;
  let methods = allowed;
  let [readied, repeated] = [found.pullRequest.draft && (await readiedDraft(parts, found)), false];
  for (const until = Date.now() + times.settleMs; ;) {
    const answer = await ask(parts, found, methods[0]!);
    const facts: Facts = {
      conflicts: await conflictsIn(parts, found, answer),
      methods,
      readied,
      repeated,
      canQueue: api.enqueue !== undefined,
      url: found.pullRequest.url,
    };
    const next = await reread(parts, found, afterMerge(answer, facts));
    switch (next.do) {
      case 'finish': {
        const note = methodNote(found.wish.method, methods[0]!);
        return finish(parts, found, { commit: next.commit, note });
      }
      case 'report':
        await noteDemanded(parts, found, answer);
        return next.report;
      case 'moved':
        return (await movedFrom(parts, found)) ?? stillMoving(found);
      case 'enqueue':
        return enqueue(parts, found);
      case 'ready':
        readied = true;
        if (!(await readiedDraft(parts, found))) return { is: 'refused', because: wordsOf(answer) };
        break;
      case 'method':
        methods = [next.method, ...methods.filter((each) => each !== next.method && each !== methods[0])];
        break;
      case 'repeat':
        repeated = true;
        break;
      case 'wait':
        if (Date.now() > until) throw new ForgeUnavailable(next.words, { retryAfterMs: times.pauseMs });
        await pause(times.pauseMs);
    }
  }
}

/** Asks for the merge. Without an answer, the pull request says whether it took place. */
async function ask(
  parts: Merging,
  { repository, pullRequest, wish, change }: Case,
  method: MergeMethod,
): Promise<MergeAnswer> {
  const { api, times } = parts;
  const [title = '', ...rest] = wish.message.split('\n');
  const squashed = method === 'squash' && `${pullRequest.title} (#${pullRequest.number})`;
  try {
    const message = rest.join('\n').trim();
    const answer = await api.merge(repository, pullRequest, {
      head: wish.head,
      method,
      title: squashed || title,
      message,
    });
    if (answer.is === 'merged')
      parts.ledger?.note({
        effect: 'merged',
        key: `${change.repository} ${wish.head}`,
        mergeCommit: answer.commit ?? '',
      });
    return answer;
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
async function reread({ api }: Merging, { repository, pullRequest, wish }: Case, next: Next): Promise<Next> {
  if (next.do !== 'report' || next.report.is !== 'refused') return next;
  const now = await api.pullRequest(repository, pullRequest.number);
  if (now?.state === 'merged') return { do: 'finish', commit: now.mergeCommit };
  return now && now.head !== wish.head ? { do: 'moved' } : next;
}

/** Where head and base are now, if they are no longer what was judged. */
async function movedFrom({ workspace }: Merging, { change, wish }: Case): Promise<MergeReport | undefined> {
  const { head, baseHead } = await headsOf(workspace, change);
  if (head === wish.head && baseHead === wish.baseHead) return undefined;
  return { is: 'moved', ...(head && { head }), baseHead };
}

const stillMoving = ({ change }: Case): never => {
  throw new ForgeUnavailable(`The forge says that ${change.branch} or ${change.base} has moved, and git does not yet`);
};

async function isBehind({ workspace }: Merging, { change }: Case): Promise<boolean> {
  const { copy, head, baseHead } = await headsOf(workspace, change);
  return head !== undefined && !(await isAncestor(copy, baseHead, head));
}

async function conflictsIn({ workspace }: Merging, { change }: Case, answer: MergeAnswer): Promise<string[]> {
  if (answer.is !== 'conflicted' && answer.is !== 'base-modified') return [];
  const { copy, head, baseHead } = await headsOf(workspace, change);
  const merged = head === undefined ? undefined : await mergeTree(copy, baseHead, head);
  return merged?.is === 'conflicted' ? merged.files : [];
}

async function readiedDraft({ api }: Merging, { repository, pullRequest }: Case): Promise<boolean> {
  return api.markReady(repository, pullRequest);
}

/** The names of checks that the forge demands, from its refusal: rules that we may not read. */
async function noteDemanded(parts: Merging, { change }: Case, answer: MergeAnswer): Promise<void> {
  if (answer.is !== 'checks' || !answer.names?.length) return;
  const { names } = answer;
  await parts.store.change(await keyOf(parts, change), (record) => ({
    ...record,
    hosted: { ...record.hosted, demanded: [...new Set([...(record.hosted?.demanded ?? []), ...names])] },
  }));
}

const wordsOf = (answer: MergeAnswer): string => ('words' in answer ? answer.words : 'It is a draft');
