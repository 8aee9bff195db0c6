import type { None } from './parts.ts';

export interface EnvironmentFacts {
  environmentBuilding: { head: string };
  environmentLate: { because?: string | undefined };
  environmentLateHint: None;
  environmentLive: { head: string; url?: string | undefined; expiresAt?: string | undefined };
  environmentNotBuilt: { because?: string | undefined };
  environmentNotBuiltHint: None;
  environmentRebuilding: None;
  nothingToDeploy: None;
}
