import type { ActionName } from '../../../workflows/contracts/messages.ts';
import type { WorldScript } from '../world/script.ts';

/** A person's action in this phase of the run. By default, each action waits for a new visit. */
export interface Deed {
  when: string;
  action: ActionName;
  said?: Record<string, unknown>;
}

/** A run from start to end: its input, the behaviour of the world, people's actions, and the expected outcome. */
export interface Scenario {
  steps: readonly (string | { kind: string; [option: string]: unknown })[];
  world?: WorldScript;
  /** Whether it uses the adapters of one machine instead of the world. */
  local?: true;
  people?: readonly Deed[];
  /** The end of the run: its outcome if it completes, otherwise its status. */
  ends: 'merged' | 'ready' | 'completed' | 'CANCELLED';
}

const TO_MERGE = ['conflicts', 'ci', 'merger'];
/** A text that is too long for a run to keep, so it is stored outside, by its hash. */
const LONG = { text: 'x'.repeat(1_050_000) };

export const SCENARIOS = {
  /** The change is merged without people or helpers. */
  merged: { steps: ['coder', ...TO_MERGE], ends: 'merged' },
  /** A person tests it twice, with a fix in between. This scenario covers most of gatehouse. */
  tested: {
    steps: ['coder', 'human-test', ...TO_MERGE],
    world: { checksMs: 400, provisionMs: 300 },
    people: [
      { when: 'human-test:parked', action: 'requestFix', said: { findings: 'The total is wrong.' } },
      { when: 'human-test:parked', action: 'confirm' },
    ],
    ends: 'merged',
  },
  /** The base has moved, and a person merges it into the change. */
  pulled: {
    steps: ['coder', 'human-test', 'merger'],
    world: { checks: 'none', baseMoves: { during: 'coder' } },
    people: [
      { when: 'human-test:parked', action: 'pullMain' },
      { when: 'human-test:parked', action: 'confirm' },
    ],
    ends: 'merged',
  },
  /** The change conflicts with its base, and its checks are red. Helpers fix both. */
  mended: {
    steps: ['coder', ...TO_MERGE],
    world: { checks: 'red', baseMoves: { during: 'coder', conflict: true } },
    ends: 'merged',
  },
  /** The base has moved without a conflict. The merge of both is tested, and the base moves to exactly that commit. */
  together: { steps: ['coder', ...TO_MERGE], world: { baseMoves: { during: 'coder' } }, ends: 'merged' },
  /** A document is approved, and committed as approved. */
  specified: {
    steps: [{ kind: 'spec-writer', approval: true }, 'coder'],
    people: [{ when: 'spec-writer:parked', action: 'approve' }],
    ends: 'ready',
  },
  /** An analysis is filed as an issue, which gets a comment on the merge. */
  filed: { steps: ['analysis', 'tracker', 'coder', 'merger'], world: { checks: 'none' }, ends: 'merged' },
  /** The release regresses, and a person acknowledges that. */
  released: {
    steps: ['coder', 'merger', 'post-release-health'],
    world: { checks: 'none', signals: 'alert' },
    people: [{ when: 'post-release-health:parked', action: 'acknowledge' }],
    ends: 'merged',
  },
  /** An output that is too long for a run to keep. */
  long: { steps: ['analysis'], world: { outputs: { analysis: [LONG] } }, ends: 'completed' },
  /** A person stops the run while an agent works. */
  stopped: {
    steps: ['coder', ...TO_MERGE],
    world: { jobMs: { coder: [600_000] } },
    people: [{ when: 'coder:working', action: 'stop' }],
    ends: 'CANCELLED',
  },
  /** A person restarts the run while an agent works. Later effects and the report of that agent must change nothing. */
  restarted: {
    steps: ['coder', ...TO_MERGE],
    world: { jobMs: { coder: [600_000, 50] } },
    people: [{ when: 'coder:working', action: 'restartFrom', said: { step: 1 } }],
    ends: 'merged',
  },
  /** A person stops the run while checks run. */
  unchecked: {
    steps: ['coder', 'ci', 'merger'],
    world: { checksMs: 600_000 },
    people: [{ when: 'ci:probing', action: 'stop' }],
    ends: 'CANCELLED',
  },
  /** The sample repository, with its own agents, checks and preview, on the adapters of one machine. */
  local: {
    steps: ['coder', 'human-test', ...TO_MERGE],
    local: true,
    people: [{ when: 'human-test:parked', action: 'confirm' }],
    ends: 'merged',
  },
} as const satisfies Record<string, Scenario>;
export type ScenarioName = keyof typeof SCENARIOS;

export const scenarioOf = (name: ScenarioName): Scenario => SCENARIOS[name];
