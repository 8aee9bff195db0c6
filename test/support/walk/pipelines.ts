import type { Dice } from './dice.ts';

type Step = { kind: string } & Record<string, unknown>;

const PLAIN = ['mocker', 'playwright', 'documenter', 'researcher', 'analysis', 'bug-investigator', 'blueprints'];
const REVIEWS = ['requirements-review', 'clarity-review'];
const PAIRS = [
  ['coder', 'reviewer'],
  ['spec-writer', 'spec-companion'],
  ['architect', 'architect-companion'],
] as const;
const GATES = ['tester', 'human-test', 'conflicts', 'ci', 'deployer', 'tracker'];
const CONSENSUS = { strategy: 'specialist-panel', participants: ['Ana', 'Bo'] };

/** Any valid pipeline: kinds in any order, options, approvals, thresholds, consensus, disabled steps. */
export function anyPipeline(dice: Dice): Step[] {
  const estimated = dice.chance(0.2);
  const parts: Step[][] = [
    ...(dice.chance(0.85) ? [pair(dice, 0)] : []),
    ...PAIRS.slice(1).flatMap((_, index) => (dice.chance(0.25) ? [pair(dice, index + 1)] : [])),
    ...REVIEWS.flatMap((kind) => (dice.chance(0.2) ? [[{ kind, iterations: dice.pick([1, 2, 6]) }]] : [])),
    ...PLAIN.flatMap((kind) => (dice.chance(0.12) ? [[plain(dice, kind)]] : [])),
    ...GATES.flatMap((kind) => (dice.chance(0.35) ? [[gate(dice, kind)]] : [])),
  ];
  const shuffled = parts.map((part) => ({ part, at: dice.pick([...Array(1000).keys()]) })).sort((a, b) => a.at - b.at);
  const steps = [...(estimated ? [{ kind: 'task-estimator' }] : []), ...shuffled.flatMap(({ part }) => part)];
  if (estimated && dice.chance(0.7)) conditional(dice, steps);
  const none = steps.every(({ enabled }) => enabled === false);
  if (none || dice.chance(0.7)) steps.push({ kind: 'merger' });
  if (dice.chance(0.15)) steps.push({ kind: 'post-release-health', minutes: 5 });
  const last = steps.findLast(({ enabled }) => enabled !== false)!;
  delete last['approval'];
  return steps;
}

function pair(dice: Dice, index: number): Step[] {
  const [producer, companion] = PAIRS[index]!;
  const made: Step = { kind: producer, ...(dice.chance(0.15) && { approval: true }) };
  const graded: Step = {
    kind: companion,
    attempts: dice.pick([0, 1, 2]),
    ...(dice.chance(0.15) && { approval: true }),
    ...(dice.chance(0.1) && { consensus: CONSENSUS }),
  };
  return dice.chance(0.8) ? [made, graded] : [made];
}

const plain = (dice: Dice, kind: string): Step => ({
  kind,
  ...(dice.chance(0.2) && { approval: true }),
  ...(dice.chance(0.1) && { enabled: false }),
  ...(['researcher', 'analysis'].includes(kind) && dice.chance(0.3) && { consensus: CONSENSUS }),
});

const gate = (dice: Dice, kind: string): Step => ({
  kind,
  ...(['tester', 'human-test'].includes(kind) && { fixes: dice.pick([0, 1, 3]) }),
  ...(['ci', 'conflicts'].includes(kind) && { attempts: dice.pick([0, 2, 3]) }),
});

const ALWAYS = ['coder', 'human-test', 'ci', 'conflicts', 'merger', 'task-estimator'];

function conditional(dice: Dice, steps: Step[]): void {
  for (const step of steps) {
    if (!ALWAYS.includes(step.kind) && dice.chance(0.4)) step['when'] = { minRisk: dice.pick([0.1, 0.9]) };
  }
}
