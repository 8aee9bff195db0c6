// Roles that ask questions, and roles that incorporate the answers.
import { job, stage } from './shared.mjs';

/** The text of the brief and the description of the task, because either may contain an answer. */
const text = () => [job.task.description, job.brief.split(/^# The text$/m).at(-1)].join('\n');

/** Asks one question, unless the text already answers it. */
const asking = (settled, item) => async () => {
  await stage(0, 1, 'reading what is asked for');
  const items = settled.test(text()) ? [] : [item];
  return { summary: items.length === 0 ? 'Nothing is left to ask.' : item.title, output: { items } };
};

const AGREED = '## Agreed';
const tidy = (words) => words.trim().replace(/\s+/g, ' ');

/** The section of one answer, and the JSON at its end, if there is any. */
function answerIn(answers, name) {
  const from = answers.split('\n').slice(1 + Math.max(0, name ? answers.split('\n').indexOf(`## ${name}`) : 0));
  const at = from.findIndex((line) => jsonOf(line) !== undefined);
  if (at >= 0) return { summary: from.slice(0, at).join('\n').trim(), output: jsonOf(from[at]) };
  const next = from.findIndex((line) => line.startsWith('## '));
  return {
    summary: from
      .slice(0, next < 0 ? undefined : next)
      .join('\n')
      .trim(),
  };
}

function jsonOf(line) {
  if (!/^[{[]/.test(line)) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export const questions = {
  'requirements-reviewer': asking(/\brounded\b/i, {
    category: 'gap',
    severity: 'medium',
    title: 'How the tax is rounded',
    detail: 'A tax of 19 % hardly ever comes out in whole cents. Is each item rounded, or the sum?',
  }),

  'clarity-reviewer': asking(/\bexpected\b/i, {
    category: 'clarification',
    severity: 'medium',
    title: 'What was expected instead',
    detail: 'The report says what is wrong. What should the page have shown?',
  }),

  /** The summary is the new text: the old one, followed by the agreements. */
  async incorporator() {
    await stage(0, 1, 'working the answers in');
    const [, before = ''] =
      /^# The text as it stands\n\n([^]*?)(?=\n\n# (?:Answered: |Out of scope$|Besides$)|$(?![^]))/m.exec(job.brief) ??
      [];
    const answers = [...job.brief.matchAll(/^# Answered: (.*)\n[^]*?^Answer: ([^]*?)(?=\n\n# |$(?![^]))/gm)];
    const [, besides] = /^# Besides\n\n([^]*)$/m.exec(job.brief) ?? [];
    const points = [...answers.map(([, title, reply]) => `${title}: ${reply}`), besides].filter(Boolean);
    const head = before.includes(AGREED) ? before.trimEnd() : `${before.trimEnd()}\n\n${AGREED}\n`;
    return { summary: [head, ...points.map((point) => `- ${tidy(point)}`)].join('\n').trim() };
  },

  async recommender() {
    await stage(0, 1, 'looking how the shop does it elsewhere');
    const asked = [...job.brief.matchAll(/^## (\S+): (.*)$/gm)];
    const items = asked.map(([, itemId, title]) => {
      const fromStandard = /round/.test(title);
      const recommendation = fromStandard
        ? 'The sum is rounded, once: amounts are whole cents everywhere.'
        : `As people who use the shop say it: ${title}.`;
      return { itemId, recommendation, fromStandard };
    });
    return { summary: `${items.length} recommendations.`, output: { items } };
  },

  /** Returns the answer that won the vote, or else the first one, unchanged. */
  async synthesizer() {
    await stage(0, 1, 'making one answer of all');
    const answers = job.brief.split(/^# The answers\n\n/m).at(-1);
    return answerIn(answers, /^The vote, by points: ([A-Z]):/m.exec(answers)?.[1]);
  },
};

/** Any role may be asked to rank proposals instead of working. It ranks them in the given order. */
export function rank() {
  const [, letters] = /^Rank these proposals.*?"ranking": (\[[^\]]*\])/.exec(job.brief) ?? [];
  return letters && (async () => ({ summary: 'As they come.', output: { ranking: JSON.parse(letters) } }));
}
