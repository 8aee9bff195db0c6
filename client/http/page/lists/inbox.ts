import { randomUUID } from 'node:crypto';
import { actions, ALWAYS_AVAILABLE, type ActionName } from '../../../../workflows/contracts/messages.ts';
import type { RunRow } from '../../api/rows.ts';
import { html, type Content, type Html } from '../html.ts';
import { statusMark, tag } from '../labels.ts';
import { page, type View } from '../layout.ts';
import { placeOf } from '../run/facts.ts';
import { duration } from '../times.ts';

export interface Filters {
  repository?: string | undefined;
  gate?: string | undefined;
  /** Also what somebody else has to answer. */
  all: boolean;
}

export interface InboxFacts extends View {
  rows: readonly RunRow[];
  filters: Filters;
  may: (row: RunRow, action: string) => boolean;
}

/** A wait as long as this is shown as urgent, in milliseconds: the default of the policy's `escalateAfterMinutes`. */
const URGENT_MS = 120 * 60_000;
const ALWAYS: readonly string[] = [...ALWAYS_AVAILABLE, 'resume'];
/** How many likely answers a row offers. */
const LIKELY = 2;

/** What waits for the visitor, oldest first. */
export function inboxPage(facts: InboxFacts): Html {
  const { rows, filters } = facts;
  const mine = rows.filter((row) => likelyOf(row, facts).length > 0 || (facts.may(row, 'resume') && isPaused(row)));
  const shown = (filters.all ? rows : mine).filter(
    ({ change, current }) =>
      (filters.repository === undefined || change?.repository === filters.repository) &&
      (filters.gate === undefined || current?.kind === filters.gate),
  );
  return page(facts, {
    title: shown.length === 0 ? 'Inbox' : `Inbox (${shown.length})`,
    place: 'inbox',
    events: '/api/v1/events',
    content: html`<h1>
        ${filters.all ? 'Waits for people' : 'Waits for you'} <span class="count">${shown.length}</span>
      </h1>
      ${drawFilters(rows, filters)}
      <div data-part="inbox">
        ${
          shown.length === 0
            ? drawEmpty(rows, filters)
            : html`<ul class="inbox">
                ${shown.map((row) => drawRow(row, facts))}
              </ul>`
        }
      </div>`,
  });
}

const isPaused = ({ status }: RunRow): boolean => status === 'paused';

const drawEmpty = (rows: readonly RunRow[], { all }: Filters): Html =>
  html`<div class="card empty">
    <p><strong>Nothing waits ${all ? 'for people' : 'for you'}.</strong></p>
    <p class="soft">
      ${!all && rows.length > 0 ? html`<a href="/inbox?show=all">Others have ${rows.length} to answer.</a>` : html`Start a run with <code>gatehouse start</code>, or see <a href="/runs">all runs</a>.`}
    </p>
  </div>`;

function drawFilters(rows: readonly RunRow[], filters: Filters): Content {
  const repositories = unique(rows.map(({ change }) => change?.repository));
  const gates = unique(rows.map(({ current }) => current?.kind));
  return html`<form class="filters" method="get" action="/inbox" role="search" aria-label="Filter the inbox">
    ${select('repository', 'Repository', repositories, filters.repository)}
    ${select('gate', 'Gate', gates, filters.gate)}
    ${select('show', 'For', ['all'], filters.all ? 'all' : undefined, { '': 'me', all: 'everybody' })}
    <button>Filter</button>
  </form>`;
}

const unique = (values: readonly (string | undefined)[]): string[] =>
  [...new Set(values.filter((value) => value !== undefined))].sort();

/** A filter whose first choice is no filter. */
export function select(
  name: string,
  label: string,
  values: readonly string[],
  chosen: string | undefined,
  labels: Record<string, string> = {},
): Html {
  const all = chosen === undefined || values.includes(chosen) ? values : [...values, chosen];
  const option = (value: string) =>
    html`<option value="${value}" ${(chosen ?? '') === value && html` selected`}>
      ${labels[value] ?? (value === '' ? 'all' : value)}
    </option>`;
  return html`<span
    ><label for="filter-${name}">${label}</label>
    <select id="filter-${name}" name="${name}">
      ${['', ...all].map(option)}
    </select></span
  >`;
}

function drawRow(row: RunRow, facts: InboxFacts): Html {
  const { task, change, current, waitingOn, status } = row;
  const place = placeOf(row);
  const waited = facts.now - Date.parse(waitingOn?.since ?? row.startedAt);
  return html`<li>
    <div>
      <a class="title" href="${place}">${task?.title ?? row.workflowId}</a>
      <p>${waitingOn?.detail}</p>
      <p class="meta">
        ${isPaused(row) && tag(statusMark(status))}
        ${waited >= URGENT_MS && html`<span class="tag bad"><span aria-hidden="true">!</span> urgent</span> `}<time
          datetime="${waitingOn?.since}"
          >waits for ${duration(Math.max(0, waited))}</time
        >
        · <code>${task?.id}</code> · ${current?.kind} · ${change?.repository}
      </p>
    </div>
    <div class="acts">
      ${likelyOf(row, facts).map((action, n) => drawAct(action, row, facts, n === 0))}<a class="button" href="${place}"
        >Look<span class="hidden"> at ${task?.id}</span></a
      >
    </div>
  </li>`;
}

/** The answers on offer that the visitor may give, without those that are always there. */
function likelyOf(row: RunRow, { may }: InboxFacts): ActionName[] {
  return (row.waitingOn?.offers ?? [])
    .filter((action) => !ALWAYS.includes(action) && Object.hasOwn(actions, action) && may(row, action))
    .slice(0, LIKELY);
}

/** A button for what asks nothing more, else a link to its form. */
function drawAct(action: ActionName, row: RunRow, { csrf }: View, isFirst: boolean): Html {
  const { label, sample } = actions[action];
  const place = placeOf(row);
  const hidden = html`<span class="hidden"> ${row.task?.id}</span>`;
  if (Object.keys(sample).length > 0)
    return html`<a class="button" href="${place}#act-${action}">${label}…${hidden}</a>`;
  const said = { csrf, actionId: randomUUID(), visit: row.current?.visit, head: row.change?.head };
  return html`<form method="post" action="${place}/actions/${action}">${Object.entries(said).map(
    ([name, value]) => value !== undefined && html`<input type="hidden" name="${name}" value="${value}" />`,
  )}<button${isFirst && html` class="first"`}>${label}${hidden}</button></form>`;
}
