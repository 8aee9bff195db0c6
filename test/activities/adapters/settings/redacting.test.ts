import { Redactor } from '../../../../activities/adapters/settings/redacting.ts';

const KEY = 'sk-abc123"def';
const PEM = `-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----`;
const redactor = new Redactor({ KEY, LONGER: `${KEY}-more`, PEM, SHORT: 'x', EMPTY: '' });

it.each([
  ['whole', `key=${KEY}.`, 'key=[secret KEY].'],
  ['twice', `${KEY}${KEY}`, '[secret KEY][secret KEY]'],
  ['the longer of two', `${KEY}-more`, '[secret LONGER]'],
  ['the shorter of two', `${KEY}-mire`, '[secret KEY]-mire'],
  ['in JSON', JSON.stringify({ KEY }), '{"KEY":"[secret KEY]"}'],
  ['in a URL', `?k=${encodeURIComponent(KEY)}`, '?k=[secret KEY]'],
  ['over several lines', `a ${KEY.slice(0, 5)}\n   ${KEY.slice(5)} b`, 'a [secret KEY] b'],
  ['a character a line', [...KEY].join('\r\n'), '[secret KEY]'],
  ['of several lines', `<${PEM}>`, '<[secret PEM]>'],
  ['a line of several', `+MIIEvQIBADANBgkqhkiG9w0`, '+[secret PEM]'],
  ['of several lines in JSON', JSON.stringify(PEM), '"[secret PEM]"'],
  ['after its own beginning', `sk-abc${KEY}`, 'sk-abc[secret KEY]'],
  ['only its beginning', 'sk-abc', 'sk-abc'],
  ['nothing', 'x and no secret', 'x and no secret'],
])('a secret: %s', (_, text, shown) => {
  expect(redactor.text(text)).toBe(shown);
  for (const size of [1, 2, 3, 7]) {
    const stream = redactor.stream();
    const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    const streamed = chunks.map((chunk) => stream.push(chunk)).join('') + stream.end();
    // A text that ends within a secret counts as the secret, if most of it was there.
    expect(streamed).toBe(shown);
  }
});

it('prints what is certain at once', () => {
  const stream = redactor.stream();
  expect(stream.push('working\nsk')).toBe('working\n');
  expect(stream.push('y')).toBe('sky');
});

it('replaces most of a secret at the end of a stream', () => {
  const stream = redactor.stream();
  expect(stream.push(KEY.slice(0, -2)) + stream.end()).toMatch(/^\[secret (?:KEY|LONGER)\]$/);
});

it('replaces within values and keys', () => {
  expect(redactor.within({ a: [KEY, 1, null], [KEY]: { b: `<${KEY}>` } })).toEqual({
    a: ['[secret KEY]', 1, null],
    '[secret KEY]': { b: '<[secret KEY]>' },
  });
});

it('holds no more than the longest secret, whatever comes', () => {
  const stream = redactor.stream();
  let held = 0;
  for (let n = 0; n < 2_000; n += 1) held += 100 - stream.push(`s${'\n'.repeat(99)}`).length;
  expect(held).toBeLessThan(5_000);
});
