import { actions } from '../../contracts/messages.ts';
import type { RunState } from '../../contracts/run/state.ts';
import type { Finding } from '../../contracts/reading.ts';
import type { Retrying } from '../../contracts/run/retrying.ts';
import type { Survey } from '../../contracts/survey.ts';
import { offersNow } from '../../rules/actions.ts';
import { askedNow, failingNow, statusOf } from '../../rules/describe.ts';
import { retrying } from '../run.ts';
import { waitOf } from './describe.ts';
import { code, plain } from './markdown.ts';

/** The limit of a page that the Web UI draws, in bytes. */
const MOST = 8_000;

/**
 * The run's page in the Web UI, as Markdown: enough to understand the run, and to act on it. The table comes last, because the
 * Web UI does not show what follows a table.
 */
export function currentDetails(run: RunState): string {
  const { what, detail, since, nextLook } = waitOf(run);
  const { failing, attempt, attempts, because, decision, cap, findings, assessment, proposal } = run.current ?? {};
  const refusal = run.actions.findLast(({ verdict }) => verdict === 'refused');

  const paragraphs = [
    `**${statusOf(run)}**${place(run)}, waiting on **${what}** since ${since}. ${plain(detail)}`,
    because && because !== detail && `Why: ${plain(because)}`,
    nextLook && `Next try: ${plain(nextLook)}`,
    ...failingNow(run).map(failingLine),
    run.environment && environmentLine(run.environment),
    run.head && `Head: \`${run.head}\` on ${code(run.change.branch)}, into ${code(run.change.base)}`,
    attempts !== undefined && `Attempts: ${attempt ?? 0} of ${attempts}`,
    failing?.length && `Failing: ${plain(failing.map(({ name, conclusion }) => `${name} (${conclusion})`).join(', '))}`,
    decision &&
      `Question ${code(decision.id)}: ${plain(decision.question)} Options: ${plain(decision.options.join(' / '))}`,
    cap && `Rounds of ${plain(cap.of)}: ${cap.used} of ${cap.max} used. Last feedback: ${plain(cap.feedback)}`,
    lastRound(run),
    findings?.length && `Findings:\n\n${findings.map(findingLine).join('\n')}`,
    assessment !== undefined && `Assessment: ${plain(JSON.stringify(assessment))}`,
    proposal && `What waits for approval:\n\n${quoted(proposal)}`,
    refusal && `Refused at ${refusal.at}: ${code(refusal.action)}. ${plain(refusal.because ?? '')}`,
  ].filter((paragraph): paragraph is string => !!paragraph);

  const table = tableOf(run);
  return `${cut(paragraphs.join('\n\n'), MOST - bytes(table) - 4)}${table && `\n\n${table}`}`;
}

const failingLine = (each: Retrying): string => `Failing: ${plain(retrying(each))}`;

const place = ({ current }: RunState) => (current ? ` at ${code(current.visit ?? current.id)}` : '');

function environmentLine({
  status,
  url,
  expiresAt,
  because,
  generation,
}: NonNullable<RunState['environment']>): string {
  const link = url && /^https?:\/\/[!-~]+$/.test(url) && !/[<>()[\]\\`]/.test(url) ? `[${url}](${url})` : '';
  const until = expiresAt ? ` until ${plain(expiresAt)}` : '';
  return `Environment ${generation}: ${status}${link && ` at ${link}`}${until}${because ? `. ${plain(because)}` : ''}`;
}

/** How much of an output that waits for approval is shown, in characters. The `output` query has all of it. */
const PROPOSAL = 2_000;

/** A quotation, line by line, with each line escaped. */
const quoted = (text: string): string =>
  text
    .slice(0, PROPOSAL)
    .split('\n')
    .map((line) => `> ${plain(line)}`)
    .join('  \n');

function findingLine({ id, severity, status, title, detail, reply, recommendation }: Finding): string {
  const answered = reply && status === 'answered' ? ` Answer: ${plain(reply)}` : '';
  const advised = recommendation?.status === 'open' ? ` Recommended: ${plain(recommendation.text)}` : '';
  const more = detail && detail !== title ? ` ${plain(detail)}` : '';
  return `- ${code(id)} ${severity}, ${status}: **${plain(title)}**${more}${answered}${advised}`;
}

function lastRound({ current }: RunState): string | undefined {
  const round = current?.rounds?.at(-1);
  return round && `Last round: ${round.kind} ${round.outcome}${round.because ? `: ${plain(round.because)}` : ''}`;
}

/** The offered actions: what to send, and what it does. */
function tableOf(run: RunState): string {
  const { visit } = run.current ?? {};
  const rows = offersNow(run).map((name) => {
    const { sample, description } = actions[name];
    const own = run.current?.offers?.includes(name) === true;
    const input = { ...(own && visit && { visit }), ...sample, ...askedNow(name, run.current) };
    return `| \`${name}\` | ${code(JSON.stringify(input))} | ${description} |`;
  });
  return rows.length > 0 ? ['| Signal | Input | Effect |', '|---|---|---|', ...rows].join('\n') : '';
}

const bytes = (text: string) => new TextEncoder().encode(text).length;

function cut(text: string, most: number): string {
  let short = text.slice(0, most);
  while (bytes(short) > most) short = short.slice(0, -100);
  return short.length < text.length ? `${short.slice(0, -2)} …` : text;
}

/** An environment's own page in the Web UI. */
export const environmentDetails = (
  view: NonNullable<RunState['environment']>,
  workflowId: string,
  failing: readonly Retrying[] = [],
): string =>
  [
    environmentLine(view),
    ...failing.map(failingLine),
    `It belongs to ${code(view.holder.workflowId)}`,
    `This is ${code(workflowId)}`,
  ].join('\n\n');

/** A survey's page in the Web UI: what it has found, and what it did. */
export function surveyDetails({ at, findings, mended }: Pick<Survey, 'at' | 'findings' | 'mended'>): string {
  const bad = findings.filter(({ ok }) => !ok);
  const lines = bad.map(
    ({ about, detail, mend }) => `- **${about}** ${plain(detail)}${mend ? ` → ${code(mend)}` : ''}`,
  );
  const paragraphs = [
    `**${bad.length === 0 ? 'all is well' : `${bad.length} found`}** at ${at}`,
    lines.length > 0 && lines.join('\n'),
    mended.length > 0 && `Done:\n\n${mended.map((line) => `- ${plain(line)}`).join('\n')}`,
  ].filter((paragraph): paragraph is string => !!paragraph);
  return cut(paragraphs.join('\n\n'), MOST);
}
