import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { gateFor } from '../../workflows/gates/index.ts';
import { CORE, ENDINGS } from './endings.ts';
import { PLANS, type Step } from './plans.ts';
import type { Stage } from './recording/stage.ts';
import { STORIES } from './stories.ts';

/** How one activity is answered, where it is not as the script goes. */
export type Answering = (asked: { question: any; usual: () => Promise<unknown>; stage: Stage }) => unknown;

/** One thing that can happen to a run, and its history shows. Its name is its task's, and its file's. */
export interface Case {
  name: string;
  steps: Step[];
  /** How the world differs from a day on which all goes well. */
  script?: Record<string, unknown>;
  world?: Record<string, Answering>;
  /** What the run is started with besides, or instead of all. */
  input?: Record<string, unknown>;
  raw?: unknown;
  /** What people and the world do; then a person agrees to whatever is asked, until the run is closed. */
  play?: (stage: Stage) => Promise<void>;
  /** Whether it came out as it was meant to: a history of something else is not kept. */
  reaches: (run: RunAnswer, result: any) => boolean;
  /** How Temporal says that it closed; as its status goes, unless said. */
  closes?: string;
  /** It is recorded as it stands after the play, open. */
  stays?: boolean;
  /** On a server that suggests continue-as-new after a few events. */
  short?: boolean;
}

/** One field of the table of kinds and endings: a case, what stands for it, or why there is none. */
export interface Field {
  kind: string;
  ending: string;
  recorded?: Case;
  because?: string;
}

const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Every kind × every ending. */
export const FIELDS: readonly Field[] = PLANS.flatMap((plan) =>
  Object.entries(ENDINGS).map(([ending, make]): Field => {
    const { kind, as } = plan;
    if (as && !CORE.includes(ending)) return { kind, ending, because: `its code is that of ${as}` };
    const made = make(plan, gateFor(kind));
    if (typeof made === 'string') return { kind, ending, because: made };
    return { kind, ending, recorded: { name: `${kind}-${dashed(ending)}`, ...made } };
  }),
);

export const CASES: readonly Case[] = [...FIELDS.flatMap(({ recorded }) => recorded ?? []), ...STORIES];
