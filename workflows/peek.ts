import { PeekInput, type DiffAnswer, type LogAnswer } from './contracts/run/peek.ts';
import { parseInput } from './temporal/input.ts';
import { activitiesFor } from './temporal/proxies.ts';

/**
 * Looks at a diff or a log for somebody who cannot reach the machine that has it. A workflow, because that is how a door on
 * another machine reaches a worker, and the runner that holds a job.
 */
export async function peek(raw: unknown): Promise<DiffAnswer | LogAnswer> {
  const { is, about } = parseInput(PeekInput, raw);
  const { readDiff, readLog } = activitiesFor('peek');
  return is === 'diff' ? readDiff(about) : readLog(about);
}
