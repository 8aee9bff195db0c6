import { explained } from '../../../cli/texts/explaining.ts';
import { html, webAddress, type Content, type Html } from '../html.ts';
import { page } from '../layout.ts';
import { WAITS } from '../labels.ts';
import { drawAsked, hidden } from './asked.ts';
import { card, drawChange, drawEvidence } from './evidence.ts';
import { placeOf, type RunFacts } from './facts.ts';
import { drawHistory, drawSent } from './history.ts';
import { drawSpent } from './spent.ts';
import { drawSteps } from './steps.ts';

/** The page of a run: what is asked first, then what is needed to answer it, then how it came about. */
export function runPage(facts: RunFacts): Html {
  const { run } = facts.read;
  const { task, workflowId, waitingOn } = run;
  const title = `${task?.id ?? workflowId}: ${WAITS[waitingOn.what].toLowerCase()}`;
  return page(facts, {
    title,
    place: 'runs',
    events: facts.read.end.is === 'live' ? `/api/v1${placeOf(run)}/events` : undefined,
    skip: { to: 'asked', label: 'Skip to what is asked' },
    content: html`${drawTitle(facts)}${drawSent(facts)}
      <div class="columns">
        <div>
          ${facts.read.end.is === 'live' ? drawAsked(facts) : drawEnd(facts)}${drawEvidence(facts)}${drawChange(facts)}${drawSpent(facts)}${drawHistory(facts)}
        </div>
        <aside aria-label="The way of the run">${drawSteps(facts)}${drawElsewhere(facts)}</aside>
      </div>`,
  });
}

function drawTitle({ read: { run, source } }: RunFacts): Html {
  const { task, change, pipeline, workflowId } = run;
  return html`<p class="soft crumbs">
      ${change?.repository}${task && html` · <code>${task.id}</code>`}${pipeline && html` · ${pipeline.name}`}
    </p>
    <h1>${task?.title ?? workflowId}</h1>
    ${
      task?.description !== undefined &&
      html`<details>
        <summary>The whole task</summary>
        <p class="text">${task.description}</p>
      </details>`
    }
    ${source === 'row' && html`<p class="note">The run cannot answer now, so this is what was last kept of it.</p>`}`;
}

/** How the run has ended, and what goes on from there. */
function drawEnd(facts: RunFacts): Html {
  const { read, may, refused } = facts;
  const isLost = read.end.is === 'lost';
  const lines = explained(read).filter((line) => !line.startsWith('Next:'));
  return html`<section
    class="card ${isLost ? 'bad' : 'good'}"
    id="asked"
    aria-labelledby="asked-title"
    data-part="asked"
  >
    <h2 id="asked-title">${isLost ? 'It did not succeed' : 'It has ended'}</h2>
    ${refused && html`<p class="notice" role="alert">${refused.because}</p>`}
    ${lines.filter((line) => !line.startsWith('  | ')).map((line) => html`<p>${line}</p>`)}
    ${
      isLost &&
      html`${outputOf(lines)}${
        may('start') &&
        html`<form method="post" action="${placeOf(read.run)}/retry">
          <div class="acts">${hidden(facts)}<button class="first">Continue from where it failed</button></div>
        </form>`
      }`
    }
  </section>`;
}

const outputOf = (lines: readonly string[]): Html | false => {
  const quoted = lines.filter((line) => line.startsWith('  | ')).map((line) => line.slice('  | '.length));
  return (
    quoted.length > 0 &&
    html`<pre class="text" tabindex="0" role="region" aria-label="The end of its output">${quoted.join('\n')}</pre>`
  );
};

function drawElsewhere({ read: { run }, webUi }: RunFacts): Html {
  const pull = pullRequestOf(run.change);
  const inTemporal = webUi !== undefined && `${webUi}/workflows/${encodeURIComponent(run.workflowId)}`;
  const links: Content[] = [
    pull && html`<li><a href="${pull.url}" rel="noreferrer">Pull request #${pull.number}</a></li>`,
    inTemporal && html`<li><a href="${inTemporal}" rel="noreferrer">Temporal’s Web UI</a></li>`,
    html`<li class="soft"><code>gatehouse explain ${run.workflowId.replace(/^run\/(?:default\/)?/, '')}</code></li>`,
  ];
  return card(
    'elsewhere',
    'Elsewhere',
    html`<ul class="plain">
      ${links}
    </ul>`,
  );
}

/** GitHub and Gitea both lead `/pull/N` and `/pulls/N` to the pull request. */
function pullRequestOf(change: RunFacts['read']['run']['change']): { url: string; number: number } | undefined {
  const repository = webAddress(change?.repository);
  if (repository === undefined || change?.pullRequest === undefined) return undefined;
  const way = new URL(repository).hostname === 'github.com' ? 'pull' : 'pulls';
  return { url: `${repository}/${way}/${change.pullRequest}`, number: change.pullRequest };
}
