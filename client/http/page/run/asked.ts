import { actions, ALWAYS_AVAILABLE, type ActionName } from '../../../../workflows/contracts/messages.ts';
import type { CurrentAnswer, RunAnswer } from '../../../../workflows/contracts/reading.ts';
import { askedNow } from '../../../../workflows/rules/describe.ts';
import { detailOf } from '../../../cli/texts/explaining.ts';
import { drawFields, type Choice } from '../forms/drawing.ts';
import { asksNothing } from '../forms/schema.ts';
import { html, webAddress, type Content, type Html } from '../html.ts';
import { statusMark, tag, WAITS } from '../labels.ts';
import { fromNow } from '../times.ts';
import { placeOf, type RunFacts } from './facts.ts';

type Offer = CurrentAnswer['offers'][number];
/** They end something, so they are never the first button. */
const ENDING: readonly string[] = ['stop', 'reject', 'destroyEnvironment', 'restartFrom'];
const ALWAYS: readonly string[] = ALWAYS_AVAILABLE;
/** How many buttons are large. */
const FIRST = 2;

/** Where the run stands and why, and what the visitor can do about it: the first thing on the page. */
export function drawAsked(facts: RunFacts): Html {
  const { read, now, refused } = facts;
  const { run } = read;
  const { waitingOn, status, current } = run;
  const isAsked = waitingOn.what === 'person';
  const offers = (current?.offers ?? []).filter(({ action }) => facts.may(action));
  const because = current?.because !== undefined && current.because !== waitingOn.detail && current.because;
  return html`<section
    class="card ${isAsked ? 'ask' : 'stand'}"
    id="asked"
    aria-labelledby="asked-title"
    data-part="asked"
    data-visit="${current?.visit ?? ''}"
    data-head="${run.change?.head ?? ''}"
  >
    <h2 id="asked-title">${WAITS[waitingOn.what]} ${tag(statusMark(status))}</h2>
    <p class="why">${detailOf(waitingOn, read.pending)}</p>
    ${because && html`<p>${because}</p>`} ${refused && drawRefusal(refused)}
    <dl>${evidence(run, now)}</dl>
    ${drawOffers(offers, facts)}
  </section>`;
}

function evidence({ environment, change, waitingOn, current }: RunFacts['read']['run'], now: number): Content {
  const address = webAddress(environment?.url);
  const until = environment?.expiresAt !== undefined && ` · expires ${fromNow(environment.expiresAt, now)}`;
  return [
    current?.visit !== undefined && row('Question', html`<code>${current.visit}</code>`),
    environment &&
      environment.status !== 'gone' &&
      row(
        'Preview',
        html`${address !== undefined && html`<a href="${address}" rel="noreferrer">${address}</a> `}<span class="soft"
            >${environment.status}, build ${environment.generation}${until}</span
          >`,
      ),
    change?.head !== undefined &&
      row(
        'Commit',
        html`<code>${change.head.slice(0, 12)}</code>
          <span class="soft">on ${change.branch}, into ${change.base}</span>`,
      ),
    current?.attempts !== undefined && row('Attempts', `${current.attempt ?? 0} of ${current.attempts}`),
    row('Since', html`<time datetime="${waitingOn.since}">${fromNow(waitingOn.since, now)}</time>`),
    waitingOn.deadline !== undefined && row('Until', fromNow(waitingOn.deadline, now)),
    waitingOn.nextLook !== undefined && row('Next look', fromNow(waitingOn.nextLook, now)),
  ];
}

const row = (name: string, value: Content): Html =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;

const drawRefusal = ({ action, code, because }: NonNullable<RunFacts['refused']>): Html =>
  html`<div class="notice" role="alert" id="refusal" tabindex="-1">
    <p>
      <strong
        >${code === 'stale' ? 'The change moved while you looked. Nothing was done.' : `${labelOf(action)}: nothing was done.`}</strong
      >
    </p>
    <p>${because}</p>
    <p class="soft">What you typed is kept below. Look again before you send it.</p>
  </div>`;

const labelOf = (action: string): string =>
  Object.hasOwn(actions, action) ? actions[action as ActionName].label : action;

/** The likely answers as large buttons, what needs words as forms that open in place, and what ends something last. */
function drawOffers(offers: readonly Offer[], facts: RunFacts): Content {
  if (offers.length === 0) return false;
  const isMore = ({ action }: Offer) => ALWAYS.includes(action) || ENDING.includes(action);
  const likely = offers.filter((offer) => !isMore(offer));
  const plain = likely.filter(isOneClick);
  const worded = likely.filter((offer) => !isOneClick(offer));
  const large = plain.slice(0, Math.max(1, FIRST - worded.length));
  const rest = plain.filter((offer) => !large.includes(offer) || !asksNothing(offer.fields));
  const more = offers.filter(isMore);
  const isOpen = more.some(({ action }) => action === facts.refused?.action);
  return [
    likely.length > 0 &&
      html`<div class="acts main">
        ${large.map((offer, n) => drawButton(offer, facts, n === 0))}${worded.slice(0, 1).map(toForm)}
      </div>`,
    worded.map((offer) => drawForm(offer, facts, likely.length === 1)),
    rest.map((offer) => drawForm(offer, facts)),
    more.length > 0 &&
      html`<details class="more" ${isOpen && html` open`}>
        <summary>More: ${more.map(({ label }) => label.toLowerCase()).join(', ')}</summary>
        ${more.map((offer) => drawForm(offer, facts))}
      </details>`,
  ];
}

/** Whether an action can be sent as it is. One of another build is judged by its schema. */
const isOneClick = ({ action, fields }: Offer): boolean =>
  Object.hasOwn(actions, action) ? Object.keys(actions[action].sample).length === 0 : asksNothing(fields);

const toForm = ({ action, label }: Offer): Html => html`<a class="button" href="#act-${action}">${label}…</a>`;

/** One click: for what asks nothing more. */
const drawButton = (
  { action, label }: Offer,
  facts: RunFacts,
  isFirst: boolean,
): Html => html`<form method="post" action="${placeOf(facts.read.run)}/actions/${action}">
${hidden(facts)}
<button${isFirst && html` class="first"`} title="${descriptionOf(action)}">${label}</button>
</form>`;

const descriptionOf = (action: string): string =>
  Object.hasOwn(actions, action) ? actions[action as ActionName].description : '';

/** A form that opens in place. It is open where something was refused. */
export function drawForm({ action, label, fields }: Offer, facts: RunFacts, isOpen = false): Html {
  const { refused, read } = facts;
  const typed = refused?.action === action ? refused.typed : undefined;
  const open = isOpen || typed !== undefined;
  return html`<details class="act" id="act-${action}"${open && html` open`}><summary>${label}</summary>
<form method="post" action="${placeOf(read.run)}/actions/${action}">
<p class="soft">${descriptionOf(action)}</p>
${hidden(facts)}
${drawFields(fields, { id: `f-${action}`, typed, begin: beginOf(action, read.run), choices: choicesOf(action, read.run) })}
<div class="acts"><button${ENDING.includes(action) && html` class="danger"`}>${label}</button></div>
</form></details>`;
}

/** What goes along with each form: what its reader has seen, and the id by which it acts once. */
export const hidden = ({ read, csrf, newId }: Pick<RunFacts, 'read' | 'csrf' | 'newId'>): Html[] =>
  Object.entries({ csrf, actionId: newId(), visit: read.run.current?.visit, head: read.run.change?.head }).flatMap(
    ([name, value]) => (value === undefined ? [] : [html`<input type="hidden" name="${name}" value="${value}" />`]),
  );

/** What a form begins with: the output that is approved, and the finding or step that fits now. */
export function beginOf(
  action: string,
  { current }: Pick<Partial<RunAnswer>, 'current'>,
): Record<string, string | undefined> {
  const asked = Object.hasOwn(actions, action)
    ? (askedNow(action as ActionName, current) as Record<string, string>)
    : {};
  const step = current ? String(current.step) : undefined;
  return {
    ...asked,
    ...(action === 'approve' && { proposal: current?.proposal }),
    ...(step !== undefined && { step }),
  };
}

function choicesOf(
  action: string,
  { steps, current }: RunFacts['read']['run'],
): Record<string, readonly Choice[] | undefined> {
  const findings = current?.findings?.map(({ id, title }) => ({ value: id, label: `${id}: ${title}` }));
  return {
    ...(action === 'restartFrom' && {
      step: steps?.map(({ step, kind }) => ({ value: String(step), label: `${step}: ${kind}` })),
    }),
    finding: findings,
    ...(action === 'requestRecommendations' && { findings }),
  };
}
