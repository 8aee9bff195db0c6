import type { Failing } from '../reports.ts';
import type { None } from './parts.ts';

export interface CheckFacts {
  checksFailed: { failing: readonly Failing[] };
  checksFailedAgain: { failing: readonly Failing[] };
  checksFailedHint: None;
  checksOf: { branch: string };
  checksOfHead: None;
  checksPassed: { count: number };
  fixChecksBrief: { failing: readonly Failing[] };
  mergeResultChecks: { head: string; base: string; baseHead: string };
  mergeResultFailed: { base: string; failing: readonly Failing[] };
  noChecks: None;
}
