import { z } from 'zod';
import type { JobStatus } from '../../../ports.ts';
import { tailOf } from '../../processes/logs.ts';
import { plain } from '../../processes/text.ts';
import { PRINTED_CHARACTERS } from './result.ts';

/** The status of a running job, with progress read from its output. */
export async function running(run: string): Promise<JobStatus> {
  const printed = await tailOf(run, 'stderr', PRINTED_CHARACTERS);
  const progress = progressOf(printed);
  const said = `${await tailOf(run, 'stdout', 500)}\n${printed.replace(/^GATEHOUSE_PROGRESS.*$/gm, '')}`;
  const lastOutput = plain(said).trim().split('\n').at(-1)?.slice(0, 200);
  return { is: 'running', ...(progress && { progress }), ...(lastOutput && { lastOutput }) };
}

const Progress = z.object({
  done: z.number().min(0),
  total: z.number().min(0),
  label: z.string().max(200).optional(),
});

/** The last valid line of progress in an agent's output. */
export function progressOf(printed: string): { done: number; total: number; label?: string } | undefined {
  const lines = [...printed.matchAll(/^GATEHOUSE_PROGRESS (\{.*\})$/gm)].reverse();
  for (const [, json = ''] of lines) {
    try {
      const { data } = Progress.safeParse(JSON.parse(json));
      if (data)
        return { done: data.done, total: data.total, ...(data.label !== undefined && { label: plain(data.label) }) };
    } catch {
      continue; // cut off, or not JSON: use an earlier line
    }
  }
  return undefined;
}
