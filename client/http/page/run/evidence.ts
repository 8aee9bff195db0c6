import { Assessment } from '../../../../workflows/rules/assessment.ts';
import type { CurrentAnswer, Finding } from '../../../../workflows/contracts/reading.ts';
import { html, webAddress, type Content, type Html } from '../html.ts';
import { placeOf, type RunFacts } from './facts.ts';

/** What the visitor decides about: question, checks, findings, assessment, proposal and verdicts of the present step. */
export function drawEvidence(facts: RunFacts): Content[] {
  const { current } = facts.read.run;
  if (!current) return [];
  const { decision, cap, failing = [], findings = [], assessment, proposal, verdicts = [], rounds = [] } = current;
  return [
    decision && drawQuestion(decision),
    cap && drawCap(cap),
    failing.length > 0 &&
      card(
        'failing',
        'Failing checks',
        html`<ul class="plain">
          ${failing.map(drawCheck)}
        </ul>`,
      ),
    findings.length > 0 &&
      card(
        'findings',
        'Findings',
        html`<ul class="findings">
          ${findings.map((finding) => drawFinding(finding, facts))}
        </ul>`,
      ),
    assessment !== undefined && card('assessment', 'Assessment', drawAssessment(assessment)),
    proposal !== undefined &&
      card(
        'proposal',
        'What waits for approval',
        html`<pre class="text" tabindex="0" role="region" aria-label="The proposal">${proposal}</pre>`,
      ),
    verdicts.length > 0 &&
      card(
        'verdicts',
        'Verdicts',
        html`<ul class="plain">
          ${verdicts.map(drawVerdict)}
        </ul>`,
      ),
    rounds.length > 0 &&
      card(
        'rounds',
        'Rounds',
        html`<ol>
          ${rounds.map(drawRound)}
        </ol>`,
      ),
  ];
}

const drawQuestion = ({ question, options }: NonNullable<CurrentAnswer['decision']>): Html =>
  card(
    'question',
    'The question',
    html`<p>${question}</p>
      <ul>
        ${options.map((each) => html`<li>${each}</li>`)}
      </ul>`,
  );

const drawCap = ({ of, used, max, feedback }: NonNullable<CurrentAnswer['cap']>): Html =>
  card(
    'cap',
    `Rounds of ${of}`,
    html`<p>${used} of ${max} are used. The last feedback:</p>
      <blockquote class="text">${feedback}</blockquote>`,
  );

/** A section of the page. `part`: the script replaces it when it has changed. */
export const card = (part: string, title: Content, content: Content): Html =>
  html`<section class="card" aria-labelledby="${part}-title" data-part="${part}">
    <h2 id="${part}-title">${title}</h2>
    ${content}
  </section>`;

function drawCheck({ name, conclusion, url }: NonNullable<CurrentAnswer['failing']>[number]): Html {
  const address = webAddress(url);
  const shown =
    address === undefined ? html`<strong>${name}</strong>` : html`<a href="${address}" rel="noreferrer">${name}</a>`;
  return html`<li>
    <span class="tag bad"><span aria-hidden="true">✗</span> ${conclusion}</span> ${shown}
  </li>`;
}

/** A finding with what can be done about it, in place. */
function drawFinding(
  { id, title, detail, severity, category, status, reply, recommendation }: Finding,
  facts: RunFacts,
): Html {
  const fitting = status === 'open' ? ['answerFinding', 'dismissFinding'] : ['reopenFinding'];
  const advised = recommendation?.status === 'open' ? ['acceptRecommendation', 'rejectRecommendation'] : [];
  const offers = (facts.read.run.current?.offers ?? []).filter(
    ({ action }) => facts.may(action) && [...fitting, ...advised].includes(action),
  );
  return html`<li id="finding-${id}">
    <p><strong>${title}</strong> <span class="soft">${id} · ${category} · ${severity} · ${status}</span></p>
    ${detail !== title && html`<p class="text">${detail}</p>`}
    ${reply !== undefined && html`<p><span class="soft">Answer:</span> ${reply}</p>`}
    ${recommendation && html`<p><span class="soft">Recommended (${recommendation.status}):</span> ${recommendation.text}</p>`}
    <div class="acts">
      ${offers.map(({ action, label }) => html`<a href="#act-${action}" data-choose="${id}">${label}<span class="hidden"> ${id}</span></a>`)}
    </div>
  </li>`;
}

/** A reviewer's assessment as a table, or, where it is of another shape, as it is. */
function drawAssessment(assessment: unknown): Html {
  const { data } = Assessment.safeParse(assessment);
  if (!data) return html`<pre class="text" tabindex="0">${JSON.stringify(assessment, null, 2)}</pre>`;
  const { complexity, risk, impact } = data;
  return html`<dl>
      ${Object.entries({ complexity, risk, impact }).map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd><meter min="0" max="1" value="${value}" aria-label="${name}"></meter> ${value}</dd>
          </div>`,
      )}
    </dl>
    ${rest(data)}`;
}

const rest = (assessment: object): Content =>
  Object.entries(assessment).map(([name, value]) =>
    typeof value === 'string' ? html`<p><span class="soft">${name}:</span> ${value}</p>` : false,
  );

const drawVerdict = ({ rating, threshold, passed, feedback }: NonNullable<CurrentAnswer['verdicts']>[number]): Html =>
  html`<li>
    <span class="tag ${passed ? 'good' : 'bad'}"
      ><span aria-hidden="true">${passed ? '✓' : '✗'}</span> ${passed ? 'passed' : 'sent back'}</span
    >
    rated ${rating}, needs ${threshold}
    <p class="text">${feedback}</p>
  </li>`;

const drawRound = ({ kind, outcome, findings, because }: NonNullable<CurrentAnswer['rounds']>[number]): Html =>
  html`<li>
    ${kind}:
    ${outcome}${findings !== undefined && html`<p class="text">${findings}</p>`}${because !== undefined && html`<p class="soft">${because}</p>`}
  </li>`;

/** The change: its diff is read when somebody wants to see it, because it may be large. */
export function drawChange({ read: { run, end } }: RunFacts): Html | false {
  const isMerged = end.is === 'done' && end.result.outcome === 'merged';
  const { change, foreign = [] } = run;
  if (!change?.head) return false;
  const foreigners =
    foreign.length > 0 &&
    html`<p class="soft">
      ${foreign.length} ${foreign.length === 1 ? 'commit is' : 'commits are'} not ours, by
      ${[...new Set(foreign.map(({ author }) => author))].join(', ')}.
    </p>`;
  return card(
    'change',
    html`The change
      <span class="soft"
        >${isMerged ? `what was merged into ${change.base}` : `what merging would add to ${change.base}`}</span
      >`,
    html`${foreigners}
      <p><a href="${placeOf(run)}/diff" data-load="diff">Show the diff</a></p>`,
  );
}
