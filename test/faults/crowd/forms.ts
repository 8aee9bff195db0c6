import type { ActionName } from '../../../workflows/contracts/messages.ts';
import type { Dice } from '../../support/walk/dice.ts';
import type { WorldScript } from '../world/script.ts';

/** An action that a person sends. Its texts contain its id, so that they can be found in the results. */
export interface Wish {
  action: ActionName;
  said: Record<string, unknown>;
}

/** A kind of run that parks, the actions of people on it, and how it ends. */
export interface Form {
  steps: readonly (string | { kind: string; [option: string]: unknown })[];
  world: WorldScript;
  /** The phase in which it accepts these actions. */
  parks: string;
  wish: (dice: Dice, actionId: string) => Wish;
  /** The action that ends it, by phase. It is sent until it is taken. */
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
  /** A review with findings. Most actions on it take effect at once. */
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
  /** An output that is sent back again and again. Each time, an agent gets the reason. */
  approval: {
    steps: [{ kind: 'architect', approval: true }, 'analysis'],
    world: { jobMs: { architect: [400] } },
    parks: 'architect:parked',
    wish: (dice, actionId) =>
      dice.chance(0.1) ? held(dice, actionId) : { action: 'requestChanges', said: { feedback: actionId } },
    finish: { 'architect:parked': { action: 'approve', said: {} } },
    ends: 'completed',
  },
  /** A change that is tested, rebuilt and fixed again and again, and merged in the end. */
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

/**
 * Actions whose texts are passed to an agent: exactly one job gets the text of a taken action, and no job gets that of a
 * refused one.
 */
export const TOLD_TO_JOBS: readonly string[] = ['requestFix', 'requestChanges'];
