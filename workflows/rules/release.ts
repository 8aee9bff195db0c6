import { z } from 'zod';
import type { Signal } from '../contracts/activities.ts';

/** How a release stands by its signals (gates 4.5). Not to know is a state of its own. */
export type ReleaseHealth = 'healthy' | 'regressed' | 'no-data';

/** An alert that was there before the release is not of its making: it only warns. */
export const sinceRelease = (signals: readonly Signal[], releasedAt: string): Signal[] =>
  signals.map((signal) =>
    signal.state === 'alert' && signal.since !== undefined && Date.parse(signal.since) < Date.parse(releasedAt)
      ? { ...signal, state: 'warn' }
      : signal,
  );

/** One alert is a regression; without any reading nobody knows; warnings never fail a release. */
export function judgeSignals(signals: readonly Signal[]): ReleaseHealth {
  if (signals.some(({ state }) => state === 'alert')) return 'regressed';
  return signals.every(({ state }) => state === 'no_data') ? 'no-data' : 'healthy';
}

/** Names what alerts, with its detail. */
export function regressionText(signals: readonly Signal[]): string {
  const alerting = signals.filter(({ state }) => state === 'alert');
  const named = alerting.map(({ id, name, detail }) => `${name ?? id}${detail ? ` (${detail})` : ''}`);
  return named.length > 0 ? `The release has regressed: ${named.join(', ')}.` : 'The release has regressed.';
}

/** What an on-call agent answers (ports.md 11.3). What it does not say is read as doubt. */
export const OnCall = z.object({
  culpritConfidence: z.number().min(0).max(1).catch(0),
  recommendation: z.enum(['revert', 'hold', 'monitor']).catch('hold'),
  rationale: z.string().max(10_000).catch(''),
  evidence: z
    .array(z.unknown())
    .catch([])
    .transform((said) => said.filter((each) => typeof each === 'string').slice(0, 50)),
});
export type OnCall = z.output<typeof OnCall>;
