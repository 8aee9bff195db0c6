import type { ActionName } from '../../../workflows/contracts/messages.ts';
import type { Dice } from '../../support/walk/dice.ts';
import type { WorldScript } from '../world/script.ts';

/** One thing that somebody wants done. Its words bear the action's id, so that they are found again in what came of it. */
export interface Wish {
  action: ActionName;
  said: Record<string, unknown>;
}

/** A kind of run that parks, what people do to it there, and how it is brought to its end. */
export interface Form {
  steps: readonly (string | { kind: string; [option: string]: unknown })[];
  world: WorldScript;
  /** Phase in which it takes what people do. */
  parks: string;
  wish: (dice: Dice, actionId: string) => Wish;
  /** What ends it, tried until it is taken, once per step that asks. */
  finish: Readonly<Record<string, Wish>>;
  ends: string;
}

const FINDINGS = ['f-1', 'f-2', 'f-3', 'f-4', 'f-5', 'f-6'];
const items = FINDINGS.map((id) => ({
  category: 'gap',
  severity: 'high',
  title: `Gap ${id}`,
  detail: 'It is not said.',
}));

const held = (dice: Dice, actionId: string): Wish =>
  dice.chance(0.5) ? { action: 'pause', said: { reason: actionId } } : { action: 'resume', said: { reason: actionId } };

export const FORMS = {
  /** A review with findings: most of what is said to it is done on the spot. */
  review: {
    steps: ['requirements-review'],
    world: { outputs: { 'requirements-reviewer': [{ items }] } },
    parks: 'requirements-review:parked',
    wish(dice, actionId) {
      const finding = dice.pick(FINDINGS);
      if (dice.chance(0.04)) return held(dice, actionId);
      if (dice.chance(0.6)) return { action: 'answerFinding', said: { finding, reply: actionId } };
      return { action: dice.pick(['dismissFinding', 'reopenFinding'] as const), said: { finding } };
    },
    finish: { 'requirements-review:parked': { action: 'proceed', said: {} } },
    ends: 'completed',
  },
  /** An output that is sent back again and again: each time an agent is told why. */
  approval: {
    steps: [{ kind: 'architect', approval: true }, 'analysis'],
    world: { jobMs: { architect: [400] } },
    parks: 'architect:parked',
    wish: (dice, actionId) =>
      dice.chance(0.1) ? held(dice, actionId) : { action: 'requestChanges', said: { feedback: actionId } },
    finish: { 'architect:parked': { action: 'approve', said: {} } },
    ends: 'completed',
  },
  /** A change under test, rebuilt and mended again and again, and merged in the end. */
  tested: {
    steps: ['coder', { kind: 'human-test', fixes: 1_000 }, 'conflicts', 'ci', 'merger'],
    world: { provisionMs: 100 },
    parks: 'human-test:parked',
    wish(dice, actionId) {
      if (dice.chance(0.1)) return held(dice, actionId);
      if (dice.chance(0.5)) return { action: 'requestFix', said: { findings: actionId } };
      return { action: dice.pick(['recreateEnvironment', 'destroyEnvironment', 'pullMain'] as const), said: {} };
    },
    finish: { 'human-test:parked': { action: 'confirm', said: {} } },
    ends: 'merged',
  },
} as const satisfies Record<string, Form>;
export type FormName = keyof typeof FORMS;

/** Actions whose words go to an agent: one that was taken is told to just one job, one that was refused to none. */
export const TOLD_TO_JOBS: readonly string[] = ['requestFix', 'requestChanges'];
