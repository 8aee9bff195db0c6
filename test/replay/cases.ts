import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { gateFor } from '../../workflows/gates/index.ts';
import { CORE, ENDINGS } from './endings.ts';
import { PLANS, type Step } from './plans.ts';
import type { Stage } from './recording/stage.ts';
import { STORIES } from './stories.ts';

/** An activity's answer that differs from the script. */
export type Answering = (asked: { question: any; usual: () => Promise<unknown>; stage: Stage }) => unknown;

/** One thing that can happen to a run and shows in its history. Its name is also that of its task and its file. */
export interface Case {
  name: string;
  steps: Step[];
  /** How the world differs from one where all goes well. */
  script?: Record<string, unknown>;
  world?: Record<string, Answering>;
  /** Additional fields of the start input, or with `raw` the whole input. */
  input?: Record<string, unknown>;
  raw?: unknown;
  /** What people and the world do. Afterwards a person agrees to everything until the run is closed. */
  play?: (stage: Stage) => Promise<void>;
  /** Whether the run ended as intended: other histories are not saved. */
  reaches: (run: RunAnswer, result: any) => boolean;
  /** The status with which Temporal closes it. Default: as the run's status implies. */
  closes?: string;
  /** Recorded while it is still open, after the play. */
  stays?: boolean;
  /** Runs on a server that suggests continue-as-new after a few events. */
  short?: boolean;
}

/** One cell of the table of kinds and endings: a case, or why there is none. */
export interface Field {
  kind: string;
  ending: string;
  recorded?: Case;
  because?: string;
}

const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Every kind with every ending. */
export const FIELDS: readonly Field[] = PLANS.flatMap((plan) =>
  Object.entries(ENDINGS).map(([ending, make]): Field => {
    const { kind, as } = plan;
    if (as && !CORE.includes(ending)) return { kind, ending, because: `it shares the code of ${as}` };
    const made = make(plan, gateFor(kind));
    if (typeof made === 'string') return { kind, ending, because: made };
    return { kind, ending, recorded: { name: `${kind}-${dashed(ending)}`, ...made } };
  }),
);

export const CASES: readonly Case[] = [...FIELDS.flatMap(({ recorded }) => recorded ?? []), ...STORIES];
