import type { MergeReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { MergeAnswer, MergeMethod } from '../api.ts';
import { ForgeUnavailable } from '../failures.ts';
import { atForge, ensurePullRequest } from '../changes/pull-requests.ts';
import { OURS } from '../checks/our-statuses.ts';
import { keyOf, pause } from '../parts.ts';
import { afterMerge, type Facts } from './answers.ts';
import { ask, reread } from './asking.ts';
import type { Case, Merging, Wish } from './case.ts';
import { finish } from './finishing.ts';
import { conflictsIn, isBehind, movedFrom } from './heads.ts';
import { methodNote, methodsFor } from './methods.ts';
import { enqueue, inQueue } from './queueing.ts';

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
  // A close counts only after a while: the next poll of the change says whether it does.
  if (pullRequest.state === 'closed') return { is: 'moved', head: wish.head, baseHead: wish.baseHead };
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
  let { repository, pullRequest, change } = await atForge(parts, before, { maybeOld: false });
  if (!pullRequest) {
    const [title = '', ...body] = wish.message.split('\n');
    await ensurePullRequest(parts, change, { title, body: body.join('\n').trim() });
    ({ repository, pullRequest, change } = await atForge(parts, before, { maybeOld: false }));
  }
  parts.lookup.forgetBranch(repository, change.base);
  const rules = await parts.lookup.branch(repository, change.base);
  return { change, repository, pullRequest: pullRequest!, rules, wish };
}

/** Asks the forge to merge until there is an answer to report. */
async function attempts(parts: Merging, found: Case, allowed: readonly MergeMethod[]): Promise<MergeReport> {
  const { api, times } = parts;
  let methods = allowed;
  let [readied, repeated] = [
    found.pullRequest.draft && (await api.markReady(found.repository, found.pullRequest)),
    false,
  ];
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
        return finish(parts, found, { commit: next.commit, note, ours: answer.is === 'merged' });
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
        if (!(await api.markReady(found.repository, found.pullRequest)))
          return { is: 'refused', because: wordsOf(answer) };
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

const stillMoving = ({ change }: Case): never => {
  throw new ForgeUnavailable(`The forge says that ${change.branch} or ${change.base} has moved, and git does not yet`);
};

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
