import type { CheckFacts } from './facts/checks.ts';
import type { ConflictFacts } from './facts/conflicts.ts';
import type { DocumentFacts } from './facts/documents.ts';
import type { EnvironmentFacts } from './facts/environment.ts';
import type { By, None } from './facts/parts.ts';
import type { TesterFacts } from './facts/tester.ts';
import type { TrackerFacts } from './facts/tracker.ts';
import type { VerdictFacts } from './facts/verdicts.ts';
import type { Estimate } from './pipeline-run.ts';
import type { Finding } from './reading.ts';
import type { Signal } from './release.ts';

/**
 * What gates and rules report to people and agents: each fact by its name, with the values of its sentence. `words/` has a
 * function of the same name for each.
 */
export interface Facts
  extends
    AgentFacts,
    CheckFacts,
    CompanionFacts,
    ConflictFacts,
    ConsensusFacts,
    DocumentFacts,
    EnvironmentFacts,
    HumanTestFacts,
    MergerFacts,
    RefusalFacts,
    ReleaseFacts,
    ReviewFacts,
    TesterFacts,
    TrackerFacts,
    VerdictFacts {}

export type FactName = keyof Facts;
export type Fact<Name extends FactName = FactName> = { [N in Name]: { fact: N } & Facts[N] }[Name];

/** A fact, or text that is in words already: written by a person, an agent or a forge, or recorded before. */
export type Text = string | Fact;

interface AgentFacts {
  agentAsks: { role: string; question: string };
  agentChangedNothing: { role: string };
  approvedBy: By;
  attemptsUsedUp: { reason: Text; helper: string; attempts: number };
  done: None;
  estimateAsked: None;
  estimated: { estimate: Estimate; rationale: string };
  /** The estimate does not reach any of these thresholds. */
  estimateTooLow: { thresholds: { axis: keyof Estimate; least: number }[] };
  helperChangesNothing: { reason: Text; helper: string; times: number };
  jobFailedHint: None;
  joined: { first: Text; then?: Text | undefined };
  noBranchToFix: { reason: Text };
  noEstimate: None;
  outputAwaitsApproval: { role: string };
  rejectedBy: By & { reason?: string | undefined };
  taskBrief: { description: string; asks?: Text | undefined };
}

interface CompanionFacts {
  companionBrief: { role: string; threshold: number; repair: boolean };
  noAssessment: { role: string };
  noAssessmentHint: None;
  proceededAt: By & { rating: number };
  producerSkipped: { role: string };
  ratedBelow: { role: string; rating: number; threshold: number };
  ratedWell: { rating: number; threshold: number };
  reworksUsedUp: { role: string; rating: number; threshold: number; max: number };
  reworksUsedUpQuestion: { because: Text };
}

interface ConsensusFacts {
  debateBrief: { brief: Text; participant: string; others: string };
  debateRound: { round: number; rounds: number };
  participantBrief: { brief: Text; participant: string; participants: number };
  participantsVote: { participants: number };
  participantsWork: { participants: number };
  rankedAnswers: { answers: string; votes: { letter: string; points: number }[] };
  rankingBrief: { letters: readonly string[]; answers: string; participant: string };
  synthesisBrief: { brief: Text; answers: Text };
  synthesizing: None;
  tooFewAnswers: { answered: number; participants: number; reasons: readonly string[] };
}

interface HumanTestFacts {
  confirmedBy: By & { note?: string | undefined };
  environmentNotUpYet: None;
  fixBrief: { findings: string };
  helperFailed: { helper: string; because: string };
  helperLeftHead: { helper: string };
  humanTestOver: None;
  noEnvironment: None;
  noEnvironmentConfigured: None;
  resolversUsedUp: { base: string; attempts: number };
  takenDownByPerson: None;
  tryAt: { url?: string | undefined };
  tryBranch: { lacking: Text; branch: string };
  tryTheBranch: { lacking: Text };
  updateCalledOff: None;
  updatingBranch: { branch: string; base: string };
}

interface MergerFacts {
  assessBrief: None;
  /** Scores of the change that are over the policy's. */
  assessedTooHigh: { over: { axis: keyof Estimate; score: number; most: number }[] };
  baseMovedOn: { base: string };
  baseNotTaken: { because: Text; base: string; refusal: string };
  checkingChange: None;
  mergeAwaitsReviews: { because: string; url?: string | undefined };
  mergeBehind: { because: string };
  mergeBringsBack: { base: string; commits: readonly string[] };
  mergeConflicts: { files: readonly string[] };
  merged: By & { decided: 'by-person' | 'by-policy' };
  mergedIntoConflict: { files: readonly string[] };
  mergeQuestion: { because: Text };
  mergeQueued: { because: string };
  mergeRefused: { because: string };
  mergeRejectedBy: By & { reason?: string | undefined };
  merging: { head: string; base: string };
  mergeUnchecked: { because: string };
  notAssessed: None;
  protectedPathsTouched: { paths: readonly string[] };
}

/** Why an action is refused. */
interface RefusalFacts {
  actionIdUsed: { actionId: string; action: string; otherInput: boolean };
  actionUnknown: { name: string };
  actionUnreadable: None;
  alreadyMerged: { step: number };
  decisionSettled: { decision: string; choice: string };
  feedbackExpected: None;
  findingNotOpen: { finding: string; because: 'dismissed' | 'dismissed-already' | 'open' | 'no-recommendation' };
  findingSettled: { finding: string };
  findingUnknown: { finding: string; known: readonly string[] };
  findingsUnknown: { findings: readonly string[] };
  fixAttemptsUsed: { attempt: number; attempts: number };
  headMoved: { head: string };
  /** Fields of its input that are wrong. */
  inputInvalid: { fields: readonly { path: string; expected: string }[] };
  notOffered: {
    action: string;
    offers: readonly string[];
    used?: Text | undefined;
    faster?: { by?: string | undefined; action: string; at: string } | undefined;
  };
  optionUnknown: { options: readonly string[] };
  overBudget: { spent: number; budget: number };
  questionUnknown: { decision: string };
  runEnded: { ending: string };
  secondPersonNeeded: { action: string; who?: string | undefined; because: 'nameless' | 'started' | 'wrote' };
  stepOutOfRange: { steps: number };
  visitOver: { visit: string; now?: string | undefined };
}

interface ReleaseFacts {
  investigateBrief: {
    text: string;
    title: string;
    pullRequest?: number | undefined;
    base: string;
    mergeCommit?: string | undefined;
    signals: readonly Signal[];
  };
  investigated: { recommendation: string; confidence: number; rationale: string };
  investigationFailed: { because: Text };
  nobodyInvestigates: { regression: string };
  noReleaseAssessment: None;
  nothingReleased: None;
  regressed: { signals: readonly Signal[] };
  regressionAcknowledged: { regression: Text; by: string };
  releaseHealthy: { minutes: number };
  releaseWithoutData: { minutes: number };
}

interface ReviewFacts {
  answersNotIncorporated: { because: Text };
  documentEmpty: None;
  documentTooLong: None;
  incorporateBrief: {
    text: string;
    answered: readonly Finding[];
    dismissed: readonly Finding[];
    feedback?: string | undefined;
  };
  noFindingsList: None;
  noRecommendationNamed: None;
  noRecommendations: { because: Text };
  recommendBrief: { findings: readonly Finding[]; note?: string | undefined; text: string };
  reviewBrief: { review: string; documented: boolean; text: string; dismissed: readonly Finding[]; repair: boolean };
  reviewerNotUnderstood: { role: string; because: Text };
  reviewFindings: { because?: Text | undefined; capped: boolean; rounds: number };
  reviewNotice: { state: Text };
  reviewOpen: { state: Text; open: number; findings: number };
  reviewPassed: By & { how: 'nothing-left' | 'nothing-answered' | 'proceeded'; reviews: number; documented: boolean };
}
