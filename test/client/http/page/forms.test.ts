import { z } from 'zod';
import { drawFields } from '../../../../client/http/page/forms/drawing.ts';
import { asksNothing, fieldsOf } from '../../../../client/http/page/forms/schema.ts';
import { inputOf, sentOf } from '../../../../client/http/page/forms/typed.ts';
import { actionBody } from '../../../../client/http/api/schemas.ts';
import { actionNames, actions, type ActionName } from '../../../../workflows/contracts/messages.ts';

const schemaOf = (name: ActionName) => z.toJSONSchema(actions[name].input, { io: 'input' });
const drawn = (schema: unknown, more: object = {}) => drawFields(schema, { id: 'f', ...more }).join('\n');
const typed = (fields: [string, string][]) => sentOf(new URLSearchParams(fields));

describe.each(actionNames)('the form of %s', (name) => {
  const own = Object.keys(actions[name].input.shape).filter(
    (field) => !['actionId', 'by', 'via', 'visit', 'head'].includes(field),
  );

  it('has a labelled field for everything that a person says, and for nothing else', () => {
    const text = drawn(schemaOf(name));
    const named = new Set([...text.matchAll(/ name="([^".]+)/g)].map(([, field]) => field));
    expect(named).toEqual(new Set(own));
    for (const [, id] of text.matchAll(/<(?:textarea|input|select)[^>]*? id="([^"]+)"/gs))
      expect(text).toContain(`for="${id!}"`);
  });

  it('makes an input that the action takes, from its sample as it is typed', () => {
    const fields = Object.entries(actions[name].sample as Record<string, unknown>).map(
      ([field, value]): [string, string] => [field, String(value)],
    );
    const input = inputOf(schemaOf(name), typed(fields));
    expect(input).toEqual(actions[name].sample);
    expect(actionBody(name).safeParse(input).success).toBe(true);
  });
});

const COMMENTS = schemaOf('requestChanges');
it.each<[string, unknown, [string, string][], object]>([
  ['what was left empty', COMMENTS, [['feedback', '  ']], {}],
  ['line breaks as browsers send them', COMMENTS, [['feedback', 'a\r\nb']], { feedback: 'a\nb' }],
  [
    'comments',
    COMMENTS,
    [
      ['comments.0.quote', 'tax'],
      ['comments.0.text', 'Which one?'],
      ['comments.2.text', 'Why?'],
    ],
    { comments: [{ quote: 'tax', text: 'Which one?' }, { text: 'Why?' }] },
  ],
  [
    'several choices',
    schemaOf('requestRecommendations'),
    [
      ['findings', 'f-1'],
      ['findings', 'f-2'],
    ],
    { findings: ['f-1', 'f-2'] },
  ],
  ['no number', schemaOf('restartFrom'), [['step', 'two']], { step: 'two' }],
  [
    'fields that nobody asked for',
    schemaOf('confirm'),
    [
      ['by', 'bo'],
      ['__proto__', 'x'],
      ['via', 'cli'],
    ],
    {},
  ],
])('reads %s', (_, schema, fields, input) => {
  expect(inputOf(schema, typed(fields))).toEqual(input);
});

it('leaves out a text that was shown and not changed', () => {
  const schema = schemaOf('approve');
  const same = { proposal: 'a\nb' };
  expect(inputOf(schema, typed([['proposal', 'a\r\nb']]), same)).toEqual({});
  expect(inputOf(schema, typed([['proposal', 'a\r\nc']]), same)).toEqual({ proposal: 'a\nc' });
});

it('keeps what was typed, escaped, the first line break too', () => {
  const text = drawn(schemaOf('requestFix'), { typed: typed([['findings', '\n</textarea><script>']]) });
  expect(text).toContain('>\n\n&lt;/textarea&gt;&lt;script&gt;</textarea>');
});

it('offers the choices of an open question, and its steps', () => {
  const schema = {
    properties: { decision: { const: '1-coder/d1' }, choice: { enum: ['<a>', 'b'] } },
    required: ['choice'],
  };
  const text = drawn(schema, { begin: { choice: 'b' } });
  expect(text).toContain('type="hidden" name="decision" value="1-coder/d1"');
  expect(text).toMatch(/value="&lt;a&gt;"/);
  expect(text).toMatch(/<option value="b"\s+selected/);
});

it('has no fields for a schema that it cannot read', () => {
  for (const schema of [undefined, null, 'x', { properties: 3 }]) expect(fieldsOf(schema)).toEqual([]);
  expect(asksNothing(schemaOf('confirm'))).toBe(true);
  expect(asksNothing(schemaOf('requestFix'))).toBe(false);
});
