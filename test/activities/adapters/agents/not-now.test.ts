import { notNowIn } from '../../../../activities/adapters/agents/not-now.ts';

const NOW = new Date('2026-11-28T12:00:00Z');
const local = (hour: number, minute: number, day = 28, month = 10): string =>
  new Date(2026, month, day, hour, minute).toISOString();

it.each<[string, number | undefined, string]>([
  // Codex
  ['unexpected status 401 Unauthorized: Missing bearer', undefined, 'It is signed out'],
  ['unexpected status 403 Forbidden: no', undefined, 'It is signed out'],
  ['The model `gpt-9` does not exist or you do not have access to it.', undefined, 'It does not know its model'],
  ['exceeded retry limit, last status: 429 Too Many Requests', undefined, 'Its model is overloaded'],
  ['Quota exceeded. Check your plan and billing details.', undefined, 'It has no credit left'],
  ['You’ve hit your usage limit. Upgrade, or try again at 2:06 AM.', undefined, 'Its usage limit is reached'],
  ['Selected model is at capacity. Try another.', undefined, 'Its model is overloaded'],
  ['unexpected status 529 <unknown status code>: Overloaded', undefined, 'Its model is overloaded'],
  ['stream disconnected before completion: error sending request', undefined, 'Its provider cannot be reached'],
  ['Reconnecting... waiting for network', undefined, 'Its provider cannot be reached'],
  // OpenCode
  [
    'Cannot connect to API: Unable to connect. Is it able to access the url?',
    undefined,
    'Its provider cannot be reached',
  ],
  ['Internal error: insufficient_quota', undefined, 'It has no credit left'],
  ['ProviderModelNotFoundError', undefined, 'It does not know its model'],
  ['Rate limit reached. Please try again in 5s.', undefined, 'Its model is overloaded'],
  // Claude Code
  ['Claude AI usage limit reached|1795867200', undefined, 'Its usage limit is reached'],
  ['Invalid API key · Please run /login', undefined, 'It is signed out'],
  ['API Error: 529 {"type":"overloaded_error"}', undefined, 'Its model is overloaded'],
  ['Credit balance is too low', undefined, 'It has no credit left'],
  ['5-hour limit reached ∙ resets 3pm', undefined, 'Its usage limit is reached'],
  // Gemini
  ['You exceeded your current quota', undefined, 'Its usage limit is reached'],
  ['RESOURCE_EXHAUSTED', undefined, 'Its usage limit is reached'],
  ['Please set an Auth method in your settings', undefined, 'It is signed out'],
  ['API key not valid. Please pass a valid API key.', undefined, 'It is signed out'],
  // By status alone, and by Node
  ['nope', 401, 'It is signed out'],
  ['nope', 402, 'It has no credit left'],
  ['no such model', 404, 'It does not know its model'],
  ['nope', 429, 'Its model is overloaded'],
  ['', 529, 'Its model is overloaded'],
  ['nope', 503, 'Its model is overloaded'],
  ['nope', 502, 'Its provider cannot be reached'],
  ['connect ECONNREFUSED 127.0.0.1:9', undefined, 'Its provider cannot be reached'],
  ['getaddrinfo ENOTFOUND api.example', undefined, 'Its provider cannot be reached'],
])('%s (%s) is not now', (text, status, because) => {
  expect(notNowIn(text, status)?.because).toMatch(new RegExp(`^${because}(?:: |\\.$)`));
});

it.each<[string, number | undefined]>([
  ['undefined is not a function', undefined],
  ['400 Bad Request: messages must not be empty', 400],
  ['Codex ran out of room in the model’s context window', undefined],
  ['Internal error', 500],
  ['unexpected status 500 Internal Server Error', 500],
  ['no such page', 404],
  ['It ended with exit code 1.', undefined],
  ['', undefined],
])('%s (%s) is a failure', (text, status) => {
  expect(notNowIn(text, status)).toBeUndefined();
});

it.each<[string, string | number | undefined, string | undefined]>([
  ['429', 3600, '2026-11-28T13:00:00.000Z'],
  ['429', '5', '2026-11-28T12:00:05.000Z'],
  ['429', 'Sat, 28 Nov 2026 14:00:00 GMT', '2026-11-28T14:00:00.000Z'],
  ['429', 'soon', undefined],
  ['429', '', undefined],
  ['429', -5, undefined],
  ['429', 99_999_999, undefined],
  ['429, try again in 5s.', undefined, '2026-11-28T12:00:05.000Z'],
  ['429, try again in 1.5 hours.', undefined, '2026-11-28T13:30:00.000Z'],
  ['429, try again in 2 days 3 hours and 4 minutes.', undefined, '2026-11-30T15:04:00.000Z'],
  ['429, your quota will reset after 20h5m10s.', undefined, '2026-11-29T08:05:10.000Z'],
  ['429 {"retryDelay":"34s"}', undefined, '2026-11-28T12:00:34.000Z'],
  ['429 retry-after: 60', undefined, '2026-11-28T12:01:00.000Z'],
  ['429 try again in 800ms', undefined, '2026-11-28T12:00:00.800Z'],
  ['usage limit reached|1795874400', undefined, '2026-11-28T14:00:00.000Z'],
  ['usage_limit_reached "resets_at":1795874400', undefined, '2026-11-28T14:00:00.000Z'],
  ['usage limit, resets at 2026-11-28T15:30:00Z', undefined, '2026-11-28T15:30:00.000Z'],
  ['usage limit, resets at 2026-11-27T15:30:00Z', undefined, undefined],
  ['usage limit', undefined, undefined],
])('%s (retry-after %s) names the time %s', (text, retryAfter, until) => {
  expect(notNowIn(text, 429, retryAfter, NOW)?.until).toBe(until);
});

it.each([
  ['try again at 11:06 PM.', local(23, 6)],
  ['resets 11pm', local(23, 0)],
  ['try again at 23:15', local(23, 15)],
  ['try again at 12:30 AM', local(0, 30, 29)],
  ['try again at Dec 3rd, 2026 4:05 PM.', local(16, 5, 3, 11)],
  ['try again at Dec 3 4:05 PM.', local(16, 5, 3, 11)],
])('a time of this machine’s clock: %s', (text, until) => {
  expect(
    notNowIn(`You hit your usage limit, ${text}`, undefined, undefined, new Date(2026, 10, 28, 22, 0))?.until,
  ).toBe(until);
});

it('shows the program’s words, shortened and without escapes', () => {
  const { because } = notNowIn(`\x1b[31mrate limit\x1b[0m\n${'x'.repeat(500)}`)!;
  expect(because).toMatch(/^Its model is overloaded: rate limit x+…$/);
  expect(because.length).toBeLessThan(350);
});
