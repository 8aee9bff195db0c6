import { actions, type ActionName } from '../../contracts/messages.ts';
import type { RowState } from '../../contracts/run/row.ts';
import { kebab, typedFields } from '../../contracts/text/typing.ts';
import { code, plain } from './markdown.ts';

/** What a pull request shows of its run, beside the run itself. */
export interface Shown {
  run: RowState;
  /** The address of the run's page. */
  page?: string | undefined;
  /** The last command that was refused, and why. */
  refused?: { by: string; command: string; because: string } | undefined;
}

/** The limit of a commit status's description, in characters (docs.github.com/rest/commits/statuses). */
const DESCRIPTION = 140;

/** Our commit status. Undefined: it stays as it is, because the merge itself reports success just before it merges. */
export function commitStatus({ status, current, waitingOn, end }: RowState) {
  if (end) {
    const isGood = status === 'passed';
    const text = isGood ? `Passed: ${end.outcome}` : `${end.outcome}: ${end.reason ?? ''}`;
    return { state: isGood ? ('success' as const) : ('failure' as const), description: short(text) };
  }
  if (current?.phase === 'merging' && status === 'running') return undefined;
  return { state: 'pending' as const, description: short(`Waits on ${waitingOn.what}: ${waitingOn.detail}`) };
}

const short = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').replace(/[:\s]+$/, '');
  return line.length <= DESCRIPTION ? line : `${line.slice(0, DESCRIPTION - 1)}…`;
};

/** Our comment, without its hidden marker. It changes only when something else is waited for, so that it is edited rarely. */
export function pullRequestComment({ run, page, refused }: Shown): string {
  const { head, environment, waitingOn, end } = run;
  const offers = end ? [] : waitingOn.offers.filter((offer): offer is ActionName => Object.hasOwn(actions, offer));
  const paragraphs = [
    headline(run),
    environment?.url && linkTo('Preview', environment.url),
    offers.length > 0 && `What can be done, as a comment that begins so:\n\n${offers.map(offerLine).join('\n')}`,
    refused && `Refused: ${code(refused.command)} by ${plain(refused.by)}. ${plain(refused.because)}`,
    [head && `Head ${code(head.slice(0, 12))}`, page && linkTo('The run', page)].filter(Boolean).join(' · '),
  ];
  return paragraphs.filter(Boolean).join('\n\n');
}

function headline({ status, current, waitingOn, end }: RowState): string {
  if (end) {
    const why = end.reason === undefined ? '' : ` ${plain(end.reason)}`;
    return `**gatehouse: ${plain(status)}** (${plain(end.outcome)}).${why}`;
  }
  const at = current ? ` at ${code(current.kind)}` : '';
  return `**gatehouse: ${plain(status)}**${at}, waiting on **${plain(waitingOn.what)}**. ${plain(waitingOn.detail)}`;
}

function offerLine(name: ActionName): string {
  const fields = typedFields(name).map((field) => ` <${field}>`);
  return `- ${code(`/gatehouse ${kebab(name)}${fields.join('')}`)}: ${actions[name].description}`;
}

/** A link of ours. An address that could end it, or that is no web address, is shown as text. */
const linkTo = (label: string, address: string): string =>
  /^https?:\/\/[!-~]+$/.test(address) && !/[<>()[\]\\`]/.test(address)
    ? `[${label}](${address})`
    : `${label}: ${plain(address)}`;
