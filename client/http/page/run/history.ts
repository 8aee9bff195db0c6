import { actions, type ActionName } from '../../../../workflows/contracts/messages.ts';
import type { ActionEntry } from '../../../../workflows/contracts/reading.ts';
import { html, type Html } from '../html.ts';
import { clock } from '../times.ts';
import { card } from './evidence.ts';
import type { RunFacts } from './facts.ts';

/** The newest actions that the page shows. The command line has all of them. */
const SHOWN = 50;
/** How much of what somebody wrote is shown, in characters. */
const SAID = 400;

/** Who did what by which way in, newest first. */
export function drawHistory({ log, read: { run } }: RunFacts): Html {
  const entries = log.slice(-SHOWN).reverse();
  const started = run.startedBy !== undefined && html`<p class="soft">${run.startedBy} started the run.</p>`;
  if (entries.length === 0)
    return card('history', 'Who did what', html`${started || html`<p class="soft">Nobody has done anything yet.</p>`}`);
  return card(
    'history',
    'Who did what',
    html`<div class="wide" tabindex="0" role="region" aria-label="The actions">
        <table>
          <thead>
            <tr>
              <th scope="col">When (UTC)</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            ${entries.map(drawEntry)}
          </tbody>
        </table>
      </div>
      ${started}`,
  );
}

const drawEntry = ({ at, by, via, action, verdict, because, effect, input }: ActionEntry): Html =>
  html`<tr>
    <td><time datetime="${at}">${clock(at)}</time></td>
    <td>${by ?? 'somebody'}${via !== undefined && html` <span class="soft">${via}</span>`}</td>
    <td>
      ${labelOf(action)}${verdict === 'refused' && html` <span class="tag bad"><span aria-hidden="true">✗</span> refused</span>`}${effect === 'failed' && html` <span class="tag bad"><span aria-hidden="true">✗</span> failed</span>`}
      ${because !== undefined && html`<div class="soft">${because}</div>`}${said(input)}
    </td>
  </tr>`;

const labelOf = (action: string): string =>
  Object.hasOwn(actions, action) ? actions[action as ActionName].label : action;

/** What somebody wrote, without what the forms send along. The log has it as JSON, unless it was too long. */
function said(input: unknown): Html[] | false {
  const fields = typeof input === 'string' ? parsed(input) : input;
  if (typeof fields !== 'object' || fields === null) return false;
  return Object.entries(fields)
    .filter(([name]) => !ENVELOPE.includes(name))
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return html`<div class="said">${name}: ${text.slice(0, SAID)}</div>`;
    });
}

const ENVELOPE = ['actionId', 'by', 'via', 'visit', 'head'];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { input: text };
  }
}

/** What became of the action that the visitor has just sent, as the run's own log says. */
export function drawSent({ sent, log }: RunFacts): Html | false {
  if (sent === undefined) return false;
  const entry = log.find(({ actionId }) => actionId === sent);
  if (!entry)
    return html`<p class="note" role="status">It has been sent. The run takes it as soon as a worker answers.</p>`;
  if (entry.verdict === 'refused')
    return html`<div class="notice" role="alert">
      <p><strong>${labelOf(entry.action)} was refused.</strong> ${entry.because}</p>
    </div>`;
  const from = entry.by === undefined ? '' : ` from ${entry.by}`;
  return html`<p class="note" role="status">
    <span aria-hidden="true">✓</span> ${`${labelOf(entry.action)} was taken${from}.`}
  </p>`;
}
