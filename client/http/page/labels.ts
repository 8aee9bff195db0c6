import type { AttemptEntry, RunAnswer, StepEntry } from '../../../workflows/contracts/reading.ts';
import { html, type Html } from './html.ts';

/** A state as a word, a shape and a colour, because a colour alone tells some people nothing. */
interface Mark {
  shape: string;
  tone: 'wait' | 'good' | 'bad' | 'run' | 'quiet';
  word: string;
}

type Status = RunAnswer['status'];
const STATUSES: Record<Status, Mark> = {
  running: { shape: '▶', tone: 'run', word: 'running' },
  parked: { shape: '◆', tone: 'wait', word: 'parked' },
  paused: { shape: '❚❚', tone: 'wait', word: 'paused' },
  passed: { shape: '✓', tone: 'good', word: 'passed' },
  failed: { shape: '✗', tone: 'bad', word: 'failed' },
  stopped: { shape: '■', tone: 'quiet', word: 'stopped' },
};

const STEPS: Record<StepEntry['state'], Mark> = {
  pending: { shape: '○', tone: 'quiet', word: 'not begun' },
  working: { shape: '▶', tone: 'run', word: 'at work' },
  waiting: { shape: '◆', tone: 'wait', word: 'waits' },
  done: { shape: '✓', tone: 'good', word: 'done' },
  skipped: { shape: '–', tone: 'quiet', word: 'skipped' },
  failed: { shape: '✗', tone: 'bad', word: 'failed' },
};

const OUTCOMES: Record<NonNullable<AttemptEntry['outcome']>, Mark> = {
  completed: { shape: '✓', tone: 'good', word: 'completed' },
  failed: { shape: '✗', tone: 'bad', word: 'failed' },
  evicted: { shape: '↺', tone: 'quiet', word: 'evicted' },
  interrupted: { shape: '↺', tone: 'quiet', word: 'interrupted' },
  stopped: { shape: '■', tone: 'quiet', word: 'stopped' },
  superseded: { shape: '–', tone: 'quiet', word: 'superseded' },
};

export const statusMark = (status: Status): Mark => STATUSES[status];
export const stepMark = (state: StepEntry['state']): Mark => STEPS[state];
export const outcomeMark = (outcome: AttemptEntry['outcome']): Mark =>
  outcome === undefined ? STEPS.working : OUTCOMES[outcome];

export const tag = ({ shape, tone, word }: Mark): Html =>
  html`<span class="tag ${tone}"><span aria-hidden="true">${shape}</span> ${word}</span>`;

/** What a run waits for, as the title of its question. */
export const WAITS: Record<RunAnswer['waitingOn']['what'], string> = {
  person: 'Waits for a person',
  checks: 'Waits for checks',
  agent: 'Waits for an agent',
  environment: 'Waits for the preview',
  forge: 'Waits for the forge',
  budget: 'Waits for the budget',
  timer: 'At work',
  nothing: 'Has ended',
};
