import type { MergeReport } from '../../../../workflows/contracts/activities.ts';
import { keyOf } from '../parts.ts';
import { queueWords } from './answers.ts';
import type { Case, Merging } from './case.ts';

/**
 * Where the change is in the forge's merge queue. If the forge has taken it out again without a merge, it goes back to its
 * checks, once for each time that we have put it there. Undefined: it is in no queue.
 */
export async function inQueue(
  parts: Merging,
  { change, repository, pullRequest, wish }: Case,
): Promise<MergeReport | undefined> {
  const { api, store } = parts;
  const key = await keyOf(parts, change);
  const { hosted } = await store.read(key);
  const queued = hosted?.queued === undefined ? undefined : await api.queued?.(repository, pullRequest);
  const left = queued?.state === 'removed' ? queued.because : undefined;
  if (queued && left === undefined)
    return {
      is: 'waiting',
      for: 'queue',
      because: `${queueWords(queued.position)}: ${queued.state}`,
      url: pullRequest.url,
    };
  if (hosted?.queued !== wish.head) return undefined;
  await store.change(key, (record) => ({ ...record, hosted: { ...record.hosted, queued: undefined } }));
  return {
    is: 'unchecked',
    because: `The merge queue of ${api.vendor} has taken ${change.branch} out without merging it${left === undefined ? '' : ` (${left})`}`,
  };
}

/** Puts the change into the forge's merge queue, with the head that was judged. Recorded first, so that it is found again. */
export async function enqueue(parts: Merging, { change, repository, pullRequest, wish }: Case): Promise<MergeReport> {
  const { api, store } = parts;
  const key = await keyOf(parts, change);
  await store.change(key, (record) => ({ ...record, hosted: { ...record.hosted, queued: wish.head } }));
  const answer = await api.enqueue!(repository, pullRequest, wish.head);
  const url = pullRequest.url;
  switch (answer.is) {
    case 'merged':
    case 'queued': {
      const position = answer.is === 'queued' ? answer.position : undefined;
      return { is: 'waiting', for: 'queue', because: queueWords(position), url };
    }
    default: {
      await store.change(key, (record) => ({ ...record, hosted: { ...record.hosted, queued: undefined } }));
      const words = 'words' in answer ? answer.words : 'The head has moved';
      if (answer.is === 'reviews') return { is: 'waiting', for: 'reviews', because: words, url };
      return answer.is === 'checks' ? { is: 'unchecked', because: words } : { is: 'refused', because: words };
    }
  }
}
