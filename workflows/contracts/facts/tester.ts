import type { None } from './parts.ts';

type Concern = { title: string; severity: string; detail: string };
type TestOutcome = { name: string; status: string; detail?: string | undefined };

export interface TesterFacts {
  fixReportBrief: { summary: string; concerns: readonly Concern[]; outcomes: readonly TestOutcome[] };
  greenlit: { concerns: readonly Concern[] };
  noReport: None;
  noReportHint: None;
  notGreenlit: {
    greenlight: boolean;
    concerns: readonly Concern[];
    failed: readonly TestOutcome[];
    summary: string;
  };
  testBrief: { description: string; repair: boolean };
  testerHint: None;
  testerRuns: None;
}
