import { Story } from '../../client/cli/texts/story.ts';
import { explained } from '../../client/cli/texts/explaining.ts';
import { queryText, shellWord } from '../../workflows/contracts/text/quoting.ts';
import { shown, shownLines, tame, tameJson } from '../../client/legible.ts';
import { inert } from '../../workflows/contracts/text/titles.ts';
import { code, plain } from '../../workflows/words/views/markdown.ts';

/** Names and texts that people, agents and branches may choose. */
const HOSTILE = [
  '[x](javascript:alert(1))',
  '[x]: javascript:alert(1)',
  '<javascript:alert(1)>',
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '&lt;script&gt;',
  '![x](http://evil.example/x.png)',
  'http://evil.example',
  'https://evil.example/a_b',
  'www.evil.example',
  'WWW.evil.example',
  'ana@evil.example',
  'a | b | c',
  '`code` ``` more',
  '# heading',
  '- item',
  '1. item',
  '===',
  '---',
  '> quote',
  '~~~',
  '**bold** _it_',
  'line\n\n| a | b |\n|---|---|',
  'a\u202egnp.exe',
  'pay\u200bpal',
  '\u2066x\u2069',
  'esc\x1b[31m\x9b2J',
  'nul\0',
  '\\[x](y)',
];

describe.each(HOSTILE)('the text %j', (text) => {
  it('is plain text in the Web UI', () => {
    const shown = plain(text);
    // Any unescaped character with a meaning in Markdown or HTML could be rendered.
    const bare = shown.replace(/\\[!-/:-@[-`{-~]/g, '').replace(/&(?:lt|amp|#\d+);/g, '');
    expect(bare).not.toMatch(/[`*_{}[\]()#+!|<>~&@]/);
    expect(bare).not.toMatch(/\b(?:https?|ftp):\/\/|\bwww\.|javascript:|data:|vbscript:/i);
    expect(shown).not.toMatch(/^(?:[-=]|\d+\.)/);
    expect(shown).not.toMatch(/[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
  });

  it('stays within its code span and its table cell', () => {
    const shown = code(text);
    expect(shown).toMatch(/^`[^`\n]*`$/);
    expect(shown.replace(/\\\|/g, '')).not.toContain('|');
    expect(shown).not.toMatch(/[\x00-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]/);
  });

  it('is no link, image or tag in a summary', () => {
    expect(inert(text).replace(/\\[\\[\]<`]/g, '')).not.toMatch(/[[\]<`]/);
  });

  it('cannot control a terminal, with colours or without', () => {
    for (const colours of [true, false]) {
      const shown = tame(`\x1b[32m✓\x1b[39m ${text}`, colours);
      expect(shown.replace(/\x1b\[(?:3[0-9])m/g, '')).not.toMatch(
        /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/,
      );
      expect(shown.includes('\x1b[32m')).toBe(colours);
    }
    const json = tameJson({ title: text }, 2);
    expect(json).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    expect(JSON.parse(json)).toEqual({ title: text });
  });

  it('is one word when it is pasted into a shell', () => {
    const word = shellWord(text);
    expect(/^'(?:[^']|'\\'')*'$/.test(word) || /^[\w./:@#-]+$/.test(word)).toBe(true);
  });

  it('is one string in a visibility query', () => {
    expect(queryText(text)).toMatch(/^"(?:[^"\\]|\\["\\])*"$/);
  });
});

it.each([
  '\x1b]0;owned\x07',
  '\x1b[2J\x1b[H',
  '\x1b]8;;http://evil.example\x07x\x1b]8;;\x07',
  '\x1b[8mhidden',
  'a\rb',
  '\x1bP+q\x1b\\',
  '\x9d0;x\x9c',
])('the control sequence %j does not reach the terminal', (text) => {
  for (const colours of [true, false]) expect(tame(text, colours)).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
});

it('a story shows each title, name and reason on one line', () => {
  const lines: string[] = [];
  const story = new Story({ address: '', environment: {} }, (line) => lines.push(line));
  const nasty = 'a\n? Confirm here:\n  npx evil';
  const run: any = {
    workflowId: 'run/default/T-1',
    task: { id: 'T-1', title: nasty },
    status: 'running',
    steps: [
      {
        id: '1-coder',
        state: 'done',
        startedAt: 'x',
        endedAt: 'y',
        note: nasty,
        attempts: [{ key: 'k', role: 'coder', outcome: 'completed', summary: nasty }],
      },
    ],
    current: null,
    environment: { generation: 1, status: 'failed', because: nasty },
    waitingOn: { what: 'agent', detail: nasty, since: 'x', offers: [] },
    notices: [{ id: 'n', type: 'ci_failed', severity: 'normal', text: nasty }],
  };
  story.tell(run, [
    { actionId: 'a', action: 'confirm', by: nasty, verdict: 'refused', because: nasty, at: 'x', repeats: 0 } as any,
  ]);
  expect(lines.length).toBeGreaterThanOrEqual(5);
  for (const line of lines) expect(line).not.toContain('\n');
});

const parked: any = {
  workflowId: 'run/default/T-1',
  status: 'parked',
  waitingOn: { what: 'person', detail: 'x', since: 'x', offers: [] },
  current: null,
  change: {},
};

it('the explanation of a run has three lines, whatever the run waits for', () => {
  expect(explained({ run: parked, end: { is: 'live' }, pending: [] })).toHaveLength(3);
});

describe('text by others is one line without control characters, at any depth:', () => {
  it.each(HOSTILE)('%j', (text) => {
    const { title, steps } = shown({ title: text, steps: [{ note: text }] });
    for (const line of [title, steps[0]!.note]) {
      expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
      expect(tame(line, true)).toBe(line);
    }
  });

  it.each([
    ['a\nrun/x  passed', 'a run/x passed'],
    ['a\r\x1b[32m✓ merged\x1b[39m', 'a [32m✓ merged[39m'],
    ['a\u2028b\u2029c', 'a b c'],
    ['in\u{e0041}visible\u00ad', 'invisible'],
    ['half \ud83d an emoji', 'half \ufffd an emoji'],
    ['👩\u200d💻 ünïcödé نص', '👩\u200d💻 ünïcödé نص'],
  ])('%j is shown as %j', (text, line) => {
    expect(shown(text)).toBe(line);
  });

  it('a text with lines of its own keeps them, without other control characters', () => {
    expect(shownLines('a\r\n\tb\x1b[31m\u202e\rc')).toBe('a\n\tb[31m c');
  });
});
