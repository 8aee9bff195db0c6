import { createHash } from 'node:crypto';
import type { Message } from '../../ports.ts';
import {
  decideLink,
  digestLine,
  digestTitle,
  moreInDigest,
  noticeTitle,
  waitsSince,
} from '../../../workflows/words/views/notice.ts';

/** The longest subject, and how many runs a digest names. */
const SUBJECT = 200;
const MOST_RUNS = 50;

/** An e-mail as it is sent. */
export interface Letter {
  subject: string;
  messageId: string;
  /** The id of the thread: all notices of a run. */
  references: string;
  /** The run and the notice, for filters. */
  headers: Record<string, string>;
  text: string;
  html: string;
}

interface Line {
  text: string;
  link?: { label: string; address: string } | undefined;
}

/** What a notice says as an e-mail. A repeat has the same id. `from`: the sender, whose domain the ids have. */
export function letterOf(message: Message, from: string): Letter {
  const { digest, key, workflowId, notice, about } = message;
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const id = (of: string) => `<${createHash('sha256').update(of).digest('hex').slice(0, 40)}@${domain}>`;
  const lines = digest ? digestLines(digest) : noticeLines(message);
  const subject = digest ? digestTitle(digest.length) : noticeTitle(message);
  return {
    subject: oneLine(subject).slice(0, SUBJECT),
    messageId: id(`notice ${key}`),
    references: id(`run ${about?.workflowId ?? workflowId}`),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Gatehouse-Notice': oneLine(`${workflowId}: ${notice.id} ${notice.type} ${notice.severity}`),
      ...(notice.severity === 'urgent' && { Importance: 'high' }),
    },
    text: `${lines.map(plain).join('\n\n')}\n`,
    html: htmlOf(oneLine(subject), lines, notice.severity === 'urgent'),
  };
}

function noticeLines({ notice, about }: Message): Line[] {
  const page = about?.page;
  return [
    { text: notice.text },
    ...(notice.visit === undefined ? [] : [{ text: waitsSince(notice.at) }]),
    ...(page === undefined ? [] : [{ text: '', link: { label: decideLink(), address: page } }]),
  ];
}

function digestLines(digest: NonNullable<Message['digest']>): Line[] {
  const shown = digest.slice(0, MOST_RUNS).map((run) => ({
    text: digestLine(run),
    ...(run.page !== undefined && { link: { label: decideLink(), address: run.page } }),
  }));
  const more = digest.length - shown.length;
  return more > 0 ? [...shown, { text: moreInDigest(more) }] : shown;
}

const plain = ({ text, link }: Line): string =>
  [text, link && `${link.label}: ${link.address}`].filter(Boolean).join('\n');

const htmlOf = (title: string, lines: readonly Line[], urgent: boolean): string =>
  [
    '<!doctype html><html><head><meta charset="utf-8"></head><body style="font-family:sans-serif">',
    `<h2${urgent ? ' style="color:#b00020"' : ''}>${escaped(title)}</h2>`,
    ...lines.map(({ text, link }) => {
      const anchor = link && `<a href="${escaped(link.address)}">${escaped(link.label)}</a>`;
      return `<p>${[text && escaped(text).replaceAll('\n', '<br>'), anchor].filter(Boolean).join('<br>')}</p>`;
    }),
    '</body></html>',
  ].join('\n');

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);

/** Without line breaks and other control characters, which could begin another header. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ').trim();
