import type { AttemptEntry, RunAnswer, StepEntry } from '../../../../workflows/contracts/reading.ts';
import { spentWords, totalWords } from '../../../cli/texts/spending.ts';
import { html, type Html } from '../html.ts';
import { outcomeMark, stepMark, tag } from '../labels.ts';
import { between, duration } from '../times.ts';
import { card } from './evidence.ts';
import { placeOf, type RunFacts } from './facts.ts';

/** Waits that are shorter are not worth a word, in milliseconds. */
const SHORT_MS = 1_000;

/** The way of the run: a line per step, the present one open, with its attempts, their time and their logs. */
export function drawSteps(facts: RunFacts): Html | false {
  const { run } = facts.read;
  const { steps = [], visits = {} } = run;
  if (steps.length === 0) return false;
  return card(
    'steps',
    'Steps',
    html`<ol class="steps">
        ${steps.map((step) => drawStep(step, visits[step.id] ?? 0, facts))}
      </ol>
      ${run.usage && html`<p class="soft">In all: ${totalWords(run.usage)}.</p>`}`,
  );
}

function drawStep(step: StepEntry, visits: number, facts: RunFacts): Html {
  const { run } = facts.read;
  const isNow = run.current?.id === step.id;
  const mark = stepMark(step.state);
  const took = step.startedAt !== undefined && duration(between(step.startedAt, step.endedAt, facts.now));
  const line = html`<span class="mark ${mark.tone}" aria-hidden="true">${mark.shape}</span
    ><span class="name">${step.kind}</span>
    <span class="soft">${step.outcome ?? mark.word}</span>${took !== false && html`<span class="time">${took}</span>`}`;
  const hasMore = step.attempts.length > 0 || step.note !== undefined || visits > 0;
  return html`<li class="${step.state}" ${isNow && html`aria-current="step"`}>
    ${hasMore ? html`<details id="step-${step.step}" ${isNow && html`open`}>${drawMore(line, step, visits, facts)}</details>` : html`<div class="line">${line}</div>`}
  </li>`;
}

function drawMore(line: Html, step: StepEntry, visits: number, facts: RunFacts): Html {
  const { run } = facts.read;
  const asked = visits === 1 ? 'Asked a person once' : `Asked people ${visits} times`;
  const waited = step.waitedMs >= SHORT_MS ? `, who took ${duration(step.waitedMs)}` : '';
  return html`<summary class="line">${line}</summary>
    ${step.note !== undefined && html`<p class="text">${step.note}</p>`}
    ${visits > 0 && html`<p class="soft">${asked}${waited}.</p>`}
    ${step.judged?.voided !== undefined && html`<p class="soft">Its verdict is void: ${step.judged.voided}</p>`}
    ${
      step.attempts.length > 0 &&
      html`<ol class="attempts">
        ${step.attempts.map((attempt) => drawAttempt(attempt, step, facts))}
      </ol>`
    }
    ${step.usage && html`<p class="soft">${spentWords(step.usage)}</p>`}
    ${hasOutput(step, run) && html`<p><a href="${placeOf(run)}/steps/${step.step}">What it made</a></p>`}`;
}

const hasOutput = ({ state, attempts }: StepEntry, { status }: Pick<RunAnswer, 'status'>): boolean =>
  attempts.length > 0 && (state === 'done' || status === 'parked');

function drawAttempt(attempt: AttemptEntry, step: StepEntry, { read, now }: RunFacts): Html {
  const { n, role, at, endedAt, outcome, summary, head } = attempt;
  const log = `${placeOf(read.run)}/log/${step.step}/${n}`;
  return html`<li>
    ${tag(outcomeMark(outcome))} ${role}
    <span class="soft"
      >${duration(between(at, endedAt, now))}${head !== undefined && html` · <code>${head.slice(0, 8)}</code>`}</span
    >
    ${summary !== undefined && html`<p class="text">${summary}</p>`}
    <a href="${log}">Log<span class="hidden"> of ${role}, attempt ${n} of ${step.kind}</span></a>
  </li>`;
}
