import { patched } from '@temporalio/workflow';
import { keptIn } from '../contracts/kept.ts';
import type { StepRecord } from '../contracts/state.ts';
import { bytesOf } from '../rules/bytes.ts';
import { hadRoom, leastNeeded } from '../rules/outputs.ts';
import type { Desk } from './desk.ts';

/** Keeps what a step made: in the run, or where there is no room for all of it, outside by its hash, the oldest first. */
export async function keep(
  { live, activities }: Desk,
  owner: StepRecord,
  { summary, output }: { summary: string; output?: unknown },
): Promise<void> {
  const { steps } = live.state;
  owner.summary = summary;
  delete owner.output;
  delete owner.edited;
  if (output !== undefined) owner.output = output;
  const outside = async (step: StepRecord) => {
    const [text, bytes] = [JSON.stringify(step.output), bytesOf(step.output)];
    step.output = { kept: await activities.keepText(text), bytes };
  };
  if (keptIn(output) || !hadRoom(steps, owner)) await outside(owner);
  for (let step = leastNeeded(steps, owner); step; step = leastNeeded(steps, owner)) {
    if (!patched('older-outputs-are-kept-outside')) return;
    await outside(step);
  }
}

/** What a step made besides its summary, wherever it is kept. */
export async function outputOf({ activities }: Desk, { output }: StepRecord): Promise<unknown> {
  const kept = keptIn(output);
  const text = kept && (await activities.loadText(kept.kept));
  return text === undefined || text === null ? output : (JSON.parse(text) as unknown);
}
