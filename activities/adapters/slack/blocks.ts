import type { Button, KnownBlock } from '@slack/web-api';
import { actions, type ActionName } from '../../../workflows/contracts/messages.ts';
import {
  answeredLine,
  decideLink,
  digestLine,
  digestTitle,
  moreInDigest,
  noticeTitle,
  waitsSince,
} from '../../../workflows/words/views/notice.ts';
import type { Message, NoticedRun } from '../../ports.ts';

/** Slack's limits in characters and elements (docs.slack.dev/reference/block-kit/blocks). */
const MOST = { header: 150, section: 3_000, buttons: 25, button: 75, value: 2_000, runs: 40 };
/** What cannot be taken back by another press. */
const FOR_GOOD = new Set<string>(['reject', 'stop', 'destroyEnvironment']);

export interface Look {
  /** Whether buttons are accepted. */
  buttons: boolean;
  /** How the wait has ended. Then there is nothing to press any more. */
  answered?: { by: { who?: string; action: string } | undefined } | undefined;
}

/** A notice as a message: its blocks, and the text that a phone shows. */
export function messageIn(message: Message, look: Look): { text: string; blocks: KnownBlock[] } {
  const { notice, about, digest } = message;
  const title = digest ? digestTitle(digest.length) : noticeTitle(message);
  const blocks: KnownBlock[] = [
    { type: 'header', text: { type: 'plain_text', text: short(title, MOST.header), emoji: false } },
    ...(digest ? digestBlocks(digest) : [section(notice.text)]),
    ...(look.answered ? [section(answeredLine(look.answered.by))] : []),
    ...(!look.answered && notice.visit !== undefined ? [section(waitsSince(notice.at))] : []),
    ...(look.answered || !about ? [] : buttonsOf(message, about, look)),
    ...(about?.page === undefined ? [] : link(about.page)),
  ];
  return { text: short(escaped(title), MOST.section), blocks };
}

/** What a button carries. It is believed as far as its message is signed by Slack, and checked by the run. */
function buttonsOf({ notice: { visit }, workflowId }: Message, { head, offers }: NoticedRun, look: Look): KnownBlock[] {
  if (!look.buttons || visit === undefined) return [];
  const elements = offers.filter(isPressed).map((name): Button => {
    const { label, description } = actions[name];
    const value = JSON.stringify({ run: workflowId, visit, action: name, ...(head !== undefined && { head }) });
    return {
      type: 'button',
      action_id: name,
      value,
      text: plain(label, MOST.button),
      ...(FOR_GOOD.has(name) && { style: 'danger', confirm: asking(label, description) }),
    };
  });
  const fitting = elements.filter(({ value = '' }) => value.length <= MOST.value).slice(0, MOST.buttons);
  return fitting.length === 0 ? [] : [{ type: 'actions', elements: fitting }];
}

/** The actions that need nothing but a press. */
const isPressed = (name: string): name is ActionName => Object.hasOwn(actions, name) && !needsText(name as ActionName);

/** Whether an action has a field of its own that must be typed. Feedback may be left out, but then it says nothing. */
const needsText = (name: ActionName): boolean => NOTHING_SAID.has(name) || !actions[name].input.safeParse({}).success;
const NOTHING_SAID = new Set<ActionName>(['requestChanges', 'incorporate', 'restartFrom']);

const asking = (label: string, description: string): NonNullable<Button['confirm']> => ({
  title: plain(label, 100),
  text: plain(description, 300),
  confirm: plain(label, 30),
  deny: plain('Cancel', 30),
});

function digestBlocks(digest: readonly NoticedRun[]): KnownBlock[] {
  const shown = digest.slice(0, MOST.runs).map((run) => {
    const page = run.page !== undefined && isLinked(run.page) ? ` <${escaped(run.page)}|${decideLink()}>` : '';
    return marked(`${short(escaped(digestLine(run)), MOST.section - page.length)}${page}`);
  });
  const more = digest.length - shown.length;
  return more > 0 ? [...shown, section(moreInDigest(more))] : shown;
}

const link = (page: string): KnownBlock[] =>
  isLinked(page) && page.length < MOST.section - 100 ? [marked(`<${escaped(page)}|${decideLink()}>`)] : [];
const isLinked = (page: string): boolean => /^https?:\/\/[!-~]+$/.test(page) && !/[<>|]/.test(page);

/** Text of people and agents is shown as it is: nothing in it is a mention, a link or an emoji. */
const section = (text: string): KnownBlock => ({ type: 'section', text: plain(text || '…', MOST.section) });
const marked = (text: string): KnownBlock => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } });
const plain = (text: string, most: number) => ({ type: 'plain_text', text: short(text, most), emoji: false }) as const;
const short = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
