import { patched } from '@temporalio/workflow';
import { keptIn } from '../contracts/run/kept.ts';
import type { Text } from '../contracts/facts.ts';
import type { StepRecord } from '../contracts/run/state.ts';
import type { Job, Revision } from '../contracts/jobs.ts';
import { bytesOf, cutText, piecesOf } from '../rules/bytes.ts';

import { fitted, isLong, leastNeeded, revisionOf, type Feedback } from '../rules/outputs.ts';
import { inWords } from '../words/index.ts';
import type { StepScope } from './scope.ts';

/** One activity stores at most this much of a text, in bytes, because messages are limited. */
const PIECE_BYTES = 400_000;

/** Stores what a step made: in the run, or, when the run has no room for it, outside by its hash, oldest first. */
export async function keep(
  { run, activities }: StepScope,
  owner: StepRecord,
  { summary, output }: { summary: Text; output?: unknown },
): Promise<void> {
  const { steps } = run.state;
  owner.summary = inWords(summary);
  delete owner.output;
  delete owner.edited;
  if (output !== undefined) owner.output = output;
  const outside = async (step: StepRecord) => {
    const [text, bytes] = [JSON.stringify(step.output), bytesOf(step.output)];
    step.output = { kept: await activities.keepText(text), bytes };
  };
  if (keptIn(output) || !fitted(steps, owner)) await outside(owner);
  for (let step = leastNeeded(steps, owner); step; step = leastNeeded(steps, owner)) {
    if (!patched('older-outputs-are-kept-outside')) return;
    await outside(step);
  }
}

/** What a step made besides its summary, wherever it is stored. */
export async function outputOf({ activities }: StepScope, { output }: StepRecord): Promise<unknown> {
  const kept = keptIn(output);
  const text = kept && (await activities.loadText(kept.kept));
  return text === undefined || text === null ? output : (JSON.parse(text) as unknown);
}

/** The feedback with which work is sent back. The next job receives all of it, even when the run cannot carry it. */
export async function revision({ activities }: StepScope, feedback: Feedback): Promise<Revision> {
  if (!isLong(feedback) || !patched('what-is-sent-back-is-kept')) return revisionOf(feedback);
  return revisionOf(feedback, await kept(activities, JSON.stringify(feedback)));
}

/** As much of a brief as a message can carry. A longer brief is also stored in full, for the job to load. */
export async function carriedBrief(
  { activities }: StepScope,
  brief: string,
  most: number,
): Promise<Pick<Job, 'brief' | 'briefKept'>> {
  const short = cutText(brief, most);
  if (short === brief || !patched('long-briefs-are-kept')) return { brief: short };
  const briefKept = await kept(activities, brief);
  return { brief: cutText(brief, most, briefKept), briefKept };
}

async function kept(activities: StepScope['activities'], text: string): Promise<string[]> {
  const hashes: string[] = [];
  for (const piece of piecesOf(text, PIECE_BYTES)) hashes.push(await activities.keepText(piece));
  return hashes;
}
