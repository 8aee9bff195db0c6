import type { None } from './parts.ts';

export interface TrackerFacts {
  filedAs: { id: string; url?: string | undefined };
  filingIssue: None;
  issueTitle: { title: string };
  noIssueFiled: { because: 'refused' | 'called-off' | 'no-tracker'; refusal?: string | undefined };
}
