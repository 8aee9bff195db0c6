import type { Job } from '../workflows/contracts/activities.ts';
import { madeText } from '../workflows/contracts/run/kept.ts';
import type { PriorOutput, Revision } from '../workflows/contracts/jobs.ts';
import type { Texts } from './ports.ts';

/**
 * Completes a job: texts of its work and of earlier steps that the run keeps outside are read in, the latter as far as there
 * is room.
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

/** A text that is kept in pieces. If it is no longer there, the run's cut version with its mark is used. */
async function wholeText(hashes: string[] = [], texts: Texts): Promise<string | undefined> {
  const pieces = await Promise.all(hashes.map((hash) => texts.read(hash)));
  return hashes.length === 0 || pieces.includes(undefined) ? undefined : pieces.join('');
}

async function wholeOutput({ kept, ...prior }: PriorOutput, texts: Texts): Promise<PriorOutput> {
  if (!kept) return prior;
  const json = await texts.read(kept.hash);
  if (json === undefined) return { ...prior, output: `${prior.output}\n\n[The data of this step is not kept here.]` };
  const bytes = Buffer.from(madeText(prior.output, JSON.parse(json)));
  const most = kept.most + Buffer.byteLength(`${prior.output}\n\n`);
  if (bytes.length <= most) return { ...prior, output: bytes.toString() };
  // A partial character at the cut is no part of the text.
  const cut = bytes
    .subarray(0, most)
    .toString()
    .replace(/\ufffd+$/, '');
  return { ...prior, output: `${cut}… [cut: it had ${bytes.length} bytes]` };
}
