import type { Dice } from './dice.ts';

const item = (dice: Dice) => ({
  category: 'gap',
  severity: dice.pick(['low', 'high']),
  title: dice.pick(['a', 'b', 'c']),
});
const concern = (dice: Dice) => ({ title: dice.pick(['x', 'y']), detail: 'd', severity: dice.pick(['low', 'high']) });

const OUTPUTS: Record<string, (dice: Dice) => unknown> = {
  reviewer: (dice) => ({ rating: dice.pick([0.1, 0.9, 0.9]), comments: dice.chance(0.2) ? [{ body: 'x' }] : [] }),
  tester: (dice) => ({ greenlight: dice.chance(0.8), concerns: dice.chance(0.3) ? [concern(dice)] : [] }),
  merger: (dice) => ({ complexity: dice.pick([0.1, 0.1, 0.9]), risk: 0, impact: 0, rationale: 'r' }),
  'task-estimator': (dice) => ({ complexity: 0, risk: dice.pick([0, 0.5, 1]), impact: 0, rationale: 'r' }),
  'requirements-reviewer': (dice) => ({ items: dice.chance(0.5) ? [item(dice), item(dice)] : [] }),
  recommender: (dice) => ({ items: dice.chance(0.7) ? [{ itemId: 'f-1', recommendation: 'r' }] : [] }),
  'spec-writer': () => ({ service: 'Shop', summary: 's', modules: [] }),
  blueprints: () => ({ name: 'Shop', modules: [] }),
  'on-call': () => ({ culpritConfidence: 1, recommendation: 'revert', rationale: 'r' }),
};
const ALIKE: Record<string, string> = {
  'architect-companion': 'reviewer',
  'spec-companion': 'reviewer',
  'clarity-reviewer': 'requirements-reviewer',
  synthesizer: 'reviewer',
};

/** A role's output: mostly valid, and now and then invalid. */
export function outputOf(dice: Dice, role: string): unknown {
  if (dice.chance(0.05)) return dice.pick([undefined, 'rubbish', { nothing: true }]);
  return OUTPUTS[ALIKE[role] ?? role]?.(dice);
}
