import type { Pruned, Sizes, SurveyFacts } from '../../workflows/contracts/survey.ts';
import type { Storage } from '../ports.ts';

/** How long a pass waits for what it removes and packs, in milliseconds. That goes on behind, and the next pass joins it. */
const PRUNING_MS = 10_000;
const NOTHING: Pruned = { logs: 0, bundles: 0, texts: 0, deliveries: 0, mirrors: 0 };

/** Removes a part of what is older than it is kept, and measures the rest. */
export async function storageOf(storage: Storage, pruningMs = PRUNING_MS): Promise<SurveyFacts['storage']> {
  let clock: NodeJS.Timeout;
  const late = new Promise<Pruned>((resolve) => (clock = setTimeout(() => resolve(NOTHING), pruningMs)));
  const pruned = await Promise.race([storage.prune(), late]).finally(() => clearTimeout(clock));
  const sizes: Sizes = await storage.sizes();
  return { sizes, pruned };
}
