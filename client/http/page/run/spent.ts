import type { StepEntry } from '../../../../workflows/contracts/reading.ts';
import { html, type Html } from '../html.ts';
import { between, duration } from '../times.ts';
import { card } from './evidence.ts';
import type { RunFacts } from './facts.ts';

/** Where the time of a step went, in milliseconds. `other`: checks, previews, the forge. */
interface Spent {
  kind: string;
  agents: number;
  people: number;
  other: number;
}

const PARTS = { agents: 'agents', people: 'people', other: 'checks, previews, the forge' } as const;
type Part = keyof typeof PARTS;

/** The measures of the picture, in its own units. */
const [WIDTH, ROW, BAR] = [600, 26, 14];

/** Where the time went, as a picture whose numbers are in a table too. */
export function drawSpent({ read: { run }, now }: RunFacts): Html | false {
  const asked = run.waitingOn.what === 'person' ? between(run.waitingOn.since, undefined, now) : 0;
  const spent = (run.steps ?? []).flatMap((step) => spentOn(step, now, step.id === run.current?.id ? asked : 0));
  const total = spent.reduce((sum, each) => sum + inAll(each), 0);
  if (total < 1_000) return false;
  const most = Math.max(...spent.map(inAll));
  const sums = (Object.keys(PARTS) as Part[]).map((part) => ({
    part,
    ms: spent.reduce((sum, each) => sum + each[part], 0),
  }));
  return card(
    'spent',
    html`Where the time went <span class="soft">${duration(total)}</span>`,
    html`<svg class="spent" viewBox="0 0 ${WIDTH} ${spent.length * ROW}" aria-hidden="true" focusable="false">
        ${spent.map((each, n) => drawBar(each, n, most))}
      </svg>
      <ul class="legend">
        ${sums
          .filter(({ ms }) => ms > 0)
          .map(
            ({ part, ms }) =>
              html`<li>
                <svg width="12" height="12" aria-hidden="true">
                  <rect class="${part}" width="12" height="12" rx="2"></rect>
                </svg>
                ${PARTS[part]}: ${duration(ms)}
              </li>`,
          )}
      </ul>
      <details>
        <summary>By step</summary>
        <div class="wide" tabindex="0" role="region" aria-label="Time by step">
          <table>
            <thead>
              <tr>
                <th scope="col">Step</th>
                ${Object.values(PARTS).map((name) => html`<th scope="col">${name}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${spent.map(
                (each) =>
                  html`<tr>
                    <th scope="row">${each.kind}</th>
                    ${(Object.keys(PARTS) as Part[]).map((part) => html`<td>${duration(each[part])}</td>`)}
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
      </details>`,
  );
}

/** The parts of a step's time. Attempts that ran at the same time count once. `asked`: how long people have been asked now. */
export function spentOn({ kind, startedAt, endedAt, waitedMs, attempts }: StepEntry, now: number, asked = 0): Spent[] {
  if (startedAt === undefined) return [];
  const all = between(startedAt, endedAt, now);
  const people = Math.min(waitedMs + asked, all);
  let until = 0;
  let agents = 0;
  for (const { at, endedAt: end } of attempts) {
    const [from, to] = [Math.max(Date.parse(at), until), end === undefined ? now : Date.parse(end)];
    agents += Math.max(0, to - from);
    until = Math.max(until, to);
  }
  agents = Math.min(agents, all - people);
  return [{ kind, agents, people, other: all - people - agents }];
}

const inAll = ({ agents, people, other }: Spent): number => agents + people + other;

function drawBar(spent: Spent, n: number, most: number): Html {
  const label = 140;
  const scale = (WIDTH - label - 4) / most;
  const y = n * ROW + (ROW - BAR) / 2;
  let x = label;
  const bars = (Object.keys(PARTS) as Part[]).map((part) => {
    const width = spent[part] * scale;
    const bar =
      width > 0 &&
      html`<rect
        class="${part}"
        x="${x.toFixed(1)}"
        y="${y}"
        width="${Math.max(width, 1).toFixed(1)}"
        height="${BAR}"
      ></rect>`;
    x += width;
    return bar;
  });
  return html`<text x="0" y="${y + BAR - 2}">${spent.kind.slice(0, 18)}</text>${bars}`;
}
