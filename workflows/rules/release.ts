import { z } from 'zod';
import type { Signal } from '../contracts/activities.ts';

/** How a release is by its signals. Unknown is a state of its own. */
export type ReleaseHealth = 'healthy' | 'regressed' | 'no-data';

/** An alert that is older than the release only warns, because the release did not cause it. */
export const sinceRelease = (signals: readonly Signal[], releasedAt: string): Signal[] =>
  signals.map((signal) =>
    signal.state === 'alert' && signal.since !== undefined && Date.parse(signal.since) < Date.parse(releasedAt)
      ? { ...signal, state: 'warn' }
      : signal,
  );

/** One alert is a regression. Warnings never fail a release. Without any data its health is unknown. */
export function judgeSignals(signals: readonly Signal[]): ReleaseHealth {
  if (signals.some(({ state }) => state === 'alert')) return 'regressed';
  return signals.every(({ state }) => state === 'no_data') ? 'no-data' : 'healthy';
}

/** What an on-call agent answers. Anything missing counts as doubt. */
export const OnCall = z.object({
  culpritConfidence: z.number().min(0).max(1).catch(0),
  recommendation: z.enum(['revert', 'hold', 'monitor']).catch('hold'),
  rationale: z.string().max(10_000).catch(''),
  evidence: z
    .array(z.unknown())
    .catch([])
    .transform((items) => items.filter((item) => typeof item === 'string').slice(0, 50)),
});
export type OnCall = z.output<typeof OnCall>;
