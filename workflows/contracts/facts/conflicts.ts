import type { None } from './parts.ts';

export interface ConflictFacts {
  baseNotMerged: { base: string; because: string };
  conflictsHint: { branch: string; base: string };
  conflictsIn: { files: readonly string[] };
  mergesCleanly: None;
  nothingToMerge: None;
  resolveBrief: { base: string; files: readonly string[] };
  whetherItMerges: { branch: string; base: string };
}
