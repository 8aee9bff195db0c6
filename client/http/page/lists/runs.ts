import { STATUSES } from '../../../listing.ts';
import type { RunRow } from '../../api/rows.ts';
import { html, type Html } from '../html.ts';
import { statusMark, tag } from '../labels.ts';
import { page, type View } from '../layout.ts';
import { placeOf } from '../run/facts.ts';
import { fromNow } from '../times.ts';
import { select } from './inbox.ts';
import type { Searched } from './reading.ts';

export type ListWanted = Partial<Record<'text' | 'status' | 'repository' | 'step' | 'cursor', string>>;

export interface ListFacts extends View, Searched {
  wanted: ListWanted;
  repositories: readonly string[];
  steps: readonly string[];
}

/** All runs, newest first. */
export function listPage(facts: ListFacts): Html {
  const { wanted, runs, next, isCut, repositories, steps } = facts;
  return page(facts, {
    title: 'Runs',
    place: 'runs',
    events: '/api/v1/events',
    content: html`<h1>Runs</h1>
      <form class="filters" method="get" action="/runs" role="search" aria-label="Search the runs">
        <span class="wider"
          ><label for="filter-text">Task, title or branch</label>
          <input id="filter-text" name="text" type="search" value="${wanted.text}" maxlength="200"
        /></span>
        ${select('status', 'Status', STATUSES, wanted.status)}
        ${select('repository', 'Repository', repositories, wanted.repository)}
        ${select('step', 'Step', steps, wanted.step)}
        <button>Search</button>
      </form>
      <div data-part="runs">
        ${
          runs.length === 0
            ? html`<div class="card empty"><p>There is no such run.</p></div>`
            : html`<ul class="inbox">
                ${runs.map((row) => drawRow(row, facts.now))}
              </ul>`
        }
        ${isCut === true && html`<p class="soft">Only the newest runs were searched. Narrow the search by repository or status to find older ones.</p>`}
        ${next !== undefined && html`<p><a class="button" href="/runs?${queryOf({ ...wanted, cursor: next })}">Older runs</a></p>`}
      </div>`,
  });
}

const queryOf = (wanted: ListWanted): string => new URLSearchParams(wanted).toString();

function drawRow(row: RunRow, now: number): Html {
  const { task, status, change, waitingOn, current, startedAt, endedAt } = row;
  return html`<li>
    <div>
      <a class="title" href="${placeOf(row)}">${task?.title ?? row.workflowId}</a>
      ${endedAt === undefined && html`<p>${waitingOn?.detail}</p>`}
      <p class="meta">
        ${tag(statusMark(status))} <code>${task?.id}</code>${current && ` · ${current.kind}`} · ${change?.repository} ·
        started
        <time datetime="${startedAt}">${fromNow(startedAt, now)}</time
        >${endedAt !== undefined && html`, ended <time datetime="${endedAt}">${fromNow(endedAt, now)}</time>`}
      </p>
    </div>
  </li>`;
}
