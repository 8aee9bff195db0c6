import type { Job } from '../workflows/contracts/activities.ts';
import { madeText } from '../workflows/contracts/run/kept.ts';
import type { PriorOutput, Revision } from '../workflows/contracts/jobs.ts';
import type { Texts } from './ports.ts';

/**
 * Completes a job with the texts that the run stores outside of its history: first those of its own work, then those of
 * earlier steps as far as there is room.
 */
export async function wholeJob({ briefKept, revision, ...job }: Job, texts: Texts): Promise<Job> {
  const priorOutputs = await Promise.all(job.priorOutputs.map((prior) => wholeOutput(prior, texts)));
  return {
    ...job,
    brief: (await wholeText(briefKept, texts)) ?? job.brief,
    priorOutputs,
    ...(revision && { revision: await wholeRevision(revision, texts) }),
  };
}

async function wholeRevision({ kept, ...revision }: Revision, texts: Texts): Promise<Revision> {
  const said = await wholeText(kept, texts);
  return said === undefined ? revision : { ...revision, ...(JSON.parse(said) as typeof revision) };
}

/** A text that is stored in pieces. Undefined if it no longer exists, and then the run's shortened version is used. */
async function wholeText(hashes: string[] = [], texts: Texts): Promise<string | undefined> {
  const pieces = await Promise.all(hashes.map((hash) => texts.read(hash)));
  return hashes.length === 0 || pieces.includes(undefined) ? undefined : pieces.join('');
}

async function wholeOutput({ kept, ...prior }: PriorOutput, texts: Texts): Promise<PriorOutput> {
  if (!kept) return prior;
  const json = await texts.read(kept.hash);
  if (json === undefined) return { ...prior, output: `${prior.output}\n\n[The data of this step is not stored here.]` };
  const bytes = Buffer.from(madeText(prior.output, JSON.parse(json)));
  const most = kept.most + Buffer.byteLength(`${prior.output}\n\n`);
  if (bytes.length <= most) return { ...prior, output: bytes.toString() };
  // A partial character at the cut is not part of the text.
  const cut = bytes
    .subarray(0, most)
    .toString()
    .replace(/\ufffd+$/, '');
  return { ...prior, output: `${cut}… [cut: it had ${bytes.length} bytes]` };
}
