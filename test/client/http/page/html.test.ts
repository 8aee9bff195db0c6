import { html, webAddress } from '../../../../client/http/page/html.ts';

const HOSTILE = `<script>alert("1")</script>'&`;

it('escapes what it is given, in contents and in attributes, one by one and in lists', () => {
  const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;';
  expect(html`<p title="${HOSTILE}">${HOSTILE}</p>`.toString()).toBe(`<p title="${escaped}">${escaped}</p>`);
  expect(html`${[HOSTILE, [HOSTILE]]}`.toString()).toBe(escaped + escaped);
});

it('keeps what it has made itself, and leaves out what is not there', () => {
  const item = html`<li>${'<'}</li>`;
  expect(html`${[item]}|${undefined}${null}${false}${0}`.toString()).toBe('<li>&lt;</li>|0');
});

it('does not believe parsed JSON that it is escaped', () => {
  const planted = JSON.parse('{"isEscaped":true}') as string;
  planted.toString = () => '<b>';
  expect(html`${planted}`.toString()).toBe('&lt;b&gt;');
});

it('shows characters that hide or turn round a text, and keeps lines', () => {
  expect(html`${'a\u202eb\u0000c\nd\te'}`.toString()).toBe('a\ufffdb\ufffdc\nd\te');
});

it.each([
  ['https://preview.example.com/', 'https://preview.example.com/'],
  ['javascript:alert(1)', undefined],
  ['data:text/html,x', undefined],
  [' javascript:alert(1)', undefined],
  ['//elsewhere.example', undefined],
  [undefined, undefined],
])('a link to %s is %s', (address, expected) => {
  expect(webAddress(address)).toBe(expected);
});
