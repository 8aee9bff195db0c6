import type { MergeReport } from '../../../../workflows/contracts/activities.ts';
import type { MergeAnswer, MergeMethod } from '../api.ts';

/** What was tried in this call, and what is known besides the forge's answer. */
export interface Facts {
  /** The files in which head and base conflict, as git sees it. */
  conflicts: readonly string[];
  /** The methods that are allowed and were not refused, best first. The first one was tried. */
  methods: readonly MergeMethod[];
  /** Whether the draft was marked as ready before. */
  readied: boolean;
  /** Whether the merge was asked for once more, because the base had been modified. */
  repeated: boolean;
  /** Whether the forge has a merge queue that we can use. */
  canQueue: boolean;
  url: string;
}

/** What follows from the forge's answer to a merge. */
export type Next =
  | { do: 'finish'; commit?: string | undefined }
  | { do: 'report'; report: MergeReport }
  /** Reads both heads, and reports that they moved. */
  | { do: 'moved' }
  /** Asks for the merge again within seconds, until the forge has computed what it needs. */
  | { do: 'wait'; words: string }
  /** Asks for the merge once more. */
  | { do: 'repeat' }
  | { do: 'ready' }
  | { do: 'enqueue' }
  | { do: 'method'; method: MergeMethod };

/** Judges the forge's answer to a merge. A refusal of which nothing else is known is for a person. */
export function afterMerge(answer: MergeAnswer, facts: Facts): Next {
  const { url } = facts;
  switch (answer.is) {
    case 'merged':
      return { do: 'finish', commit: answer.commit };
    case 'queued':
      return { do: 'report', report: { is: 'waiting', for: 'queue', because: queueWords(answer.position), url } };
    case 'moved':
      return { do: 'moved' };
    case 'not-yet':
      if (facts.conflicts.length > 0) return report({ is: 'conflicted', files: [...facts.conflicts] });
      return { do: 'wait', words: answer.words };
    case 'base-modified':
    case 'conflicted':
      if (facts.conflicts.length > 0) return report({ is: 'conflicted', files: [...facts.conflicts] });
      if (!facts.repeated) return { do: 'repeat' };
      return answer.is === 'base-modified' ? { do: 'moved' } : refused(answer.words);
    case 'behind':
      return report({ is: 'behind', because: answer.words });
    case 'draft':
      return facts.readied ? refused(answer.words) : { do: 'ready' };
    case 'reviews':
      return report({ is: 'waiting', for: 'reviews', because: answer.words, url });
    case 'checks':
      return report({ is: 'unchecked', because: answer.words });
    case 'queue-demanded':
      return facts.canQueue ? { do: 'enqueue' } : refused(answer.words);
    case 'method': {
      const [, next] = facts.methods;
      return next === undefined ? refused(answer.words) : { do: 'method', method: next };
    }
    case 'signatures':
      // The forge signs what it squashes.
      return facts.methods.slice(1).includes('squash') ? { do: 'method', method: 'squash' } : refused(answer.words);
    case 'closed':
    case 'refused':
      return refused(answer.words);
  }
}

const report = (answer: MergeReport): Next => ({ do: 'report', report: answer });
const refused = (because: string): Next => report({ is: 'refused', because });

export const queueWords = (position: number | undefined): string =>
  position === undefined ? 'It is in the merge queue' : `It is number ${position} in the merge queue`;
