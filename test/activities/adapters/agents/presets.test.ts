import { Reading, turnOf, withLogin } from '../../../../activities/adapters/agents/presets/events.ts';
import { Fields } from '../../../../activities/adapters/agents/presets/fields.ts';
import { readClaude } from '../../../../activities/adapters/agents/presets/claude-code.ts';
import { readCodex } from '../../../../activities/adapters/agents/presets/codex.ts';
import { readErrors, readGemini } from '../../../../activities/adapters/agents/presets/gemini.ts';
import { configurationFor, readLog, readOpenCode } from '../../../../activities/adapters/agents/presets/opencode.ts';
import { presetNamed } from '../../../../activities/adapters/agents/presets/index.ts';
import { strictSchema, withoutNulls } from '../../../../activities/adapters/agents/presets/strict-schema.ts';
import { PRESETS } from '../../../../activities/adapters/agents/preset.ts';
import type { Seen, Spent, Turn } from '../../../../activities/adapters/agents/conversation.ts';

type Read = (line: string, reading: Reading) => unknown;

/** Reads lines, and then the exit code, unless a line ended the program. */
function reading(read: Read, lines: (object | string)[], code = 0, spent: Spent = {}): { turn: Turn; seen: Seen[] } {
  const seen: Seen[] = [];
  const sum = new Reading((event) => void seen.push(event), spent);
  for (const line of lines) if (!sum.verdict) read(typeof line === 'string' ? line : JSON.stringify(line), sum);
  return { turn: turnOf(sum, { code, stderr: '' }, { name: 'agent', install: '', command: ['agent'] }), seen };
}

const fields =
  (read: (event: Fields, reading: Reading) => void): Read =>
  (line, sum) => {
    const event = Fields.of(line);
    if (event) read(event, sum);
  };

const codex: Read = readCodex;
const openCode = fields(readOpenCode);
const claude = fields(readClaude);
const gemini = fields(readGemini);

it.each<[Turn['is'], string, string]>([
  ['notNow', 'It is signed out: 401 Unauthorized', 'It is signed out: 401 Unauthorized. To sign in: codex login'],
  ['notNow', 'It is signed out: Please log in.', 'It is signed out: Please log in. To sign in: codex login'],
  ['notNow', 'Its model is overloaded: 529', 'Its model is overloaded: 529'],
  ['failed', 'It is signed out', 'It is signed out'],
])('a turn that is %s because "%s" says what to do', (is, because, said) => {
  expect(withLogin({ is, because } as Turn, 'codex login')).toEqual({ is, because: said });
});

it.each(PRESETS)('%s says how it is found and installed', async (name) => {
  const preset = await presetNamed(name);
  expect(preset).toMatchObject({ name, program: expect.any(String), install: expect.stringContaining('npm install') });
  expect(preset.signIn.length).toBeGreaterThan(0);
});

describe('Codex 0.171.0', () => {
  const item = (type: string, more: object) => ({ type: 'item.completed', item: { id: 'item_1', type, ...more } });

  it('works, warns at its start, and reports the usage of the whole session', () => {
    const spent = { inputTokens: 1_000, cachedInputTokens: 400, outputTokens: 50 };
    const { turn, seen } = reading(
      codex,
      [
        { type: 'thread.started', thread_id: '01a2' },
        item('error', { message: 'Model metadata for `fake` not found. Defaulting to fallback metadata.' }),
        { type: 'turn.started' },
        {
          type: 'item.started',
          item: { type: 'command_execution', command: `/bin/bash -lc 'npm test'`, exit_code: null },
        },
        item('command_execution', { command: `/bin/bash -lc 'npm test'`, exit_code: 1, status: 'failed' }),
        item('todo_list', {
          items: [
            { text: 'look', completed: true },
            { text: 'mend', completed: false },
          ],
        }),
        item('agent_message', { text: 'Mended.' }),
        { type: 'turn.completed', usage: { input_tokens: 3_000, cached_input_tokens: 1_200, output_tokens: 150 } },
      ],
      0,
      spent,
    );
    const all = { inputTokens: 3_000, cachedInputTokens: 1_200, outputTokens: 150 };
    expect(turn).toEqual({ is: 'answered', text: 'Mended.', spent: all });
    expect(seen).toEqual([
      { is: 'tool', title: 'npm test', state: 'begun' },
      { is: 'tool', title: 'npm test', state: 'failed' },
      { is: 'plan', done: 1, total: 2, label: 'mend' },
      { is: 'message', text: 'Mended.' },
    ]);
  });

  it.each<[string, Turn['is'], string]>([
    [
      'Reconnecting... 1/5 (unexpected status 401 Unauthorized: Incorrect API key provided., url: http://x)',
      'notNow',
      'It is signed out',
    ],
    [
      'Reconnecting... 1/5 (exceeded retry limit, last status: 429 Too Many Requests)',
      'notNow',
      'Its model is overloaded',
    ],
    [
      'Reconnecting... 1/5 (unexpected status 529 <unknown status code>: Overloaded, url: http://x)',
      'notNow',
      'Its model is overloaded',
    ],
    ['Reconnecting... waiting for network', 'notNow', 'Its provider cannot be reached'],
    ['Quota exceeded. Check your plan and billing details.', 'notNow', 'It has no credit left'],
    ['The model `fake` does not exist or you do not have access to it.', 'notNow', 'It does not know its model'],
    ['Selected model is at capacity. Please try a different model.', 'notNow', 'Its model is overloaded'],
    [
      'We’re currently experiencing high demand, which may cause temporary errors.',
      'notNow',
      'Its provider does not answer',
    ],
    ['{"error":{"message":"Unknown parameter: fancy.","code":"unknown_parameter"}}', 'failed', 'agent: {"error"'],
    [
      "Codex ran out of room in the model's context window. Start a new thread.",
      'failed',
      'agent: Codex ran out of room',
    ],
  ])('%s', (message, is, because) => {
    const { turn } = reading(codex, [{ type: 'error', message }], 1);
    expect(turn).toMatchObject({ is, because: expect.stringMatching(new RegExp(`^${because}`)) });
  });

  it('may mend a broken stream by itself, for a while', () => {
    const broken = (n: number) => ({
      type: 'error',
      message: `Reconnecting... ${n}/5 (stream disconnected before completion: error sending request)`,
    });
    const done = [item('agent_message', { text: 'Done' }), { type: 'turn.completed', usage: {} }];
    expect(reading(codex, [broken(1), broken(2), broken(3), ...done]).turn.is).toBe('answered');
    expect(reading(codex, [1, 2, 3, 4].map(broken)).turn.is).toBe('notNow');
  });

  it('fails if it cannot make its sandbox, though the model says that all is done', () => {
    const output = 'bwrap: execvp codex-linux-sandbox: No such file or directory\n';
    const lines = [item('command_execution', { command: 'ls', exit_code: 1, aggregated_output: output })];
    expect(reading(codex, lines).turn).toMatchObject({ is: 'failed', because: expect.stringContaining('CODEX_HOME') });
  });
});

describe('OpenCode 1.18.33', () => {
  const step = (cost: number) => ({
    type: 'step_finish',
    part: { tokens: { total: 1_050, input: 600, output: 50, reasoning: 0, cache: { write: 0, read: 400 } }, cost },
  });

  it('adds up what each answer used', () => {
    const { turn, seen } = reading(openCode, [
      { type: 'step_start', sessionID: 'ses_1', part: {} },
      { type: 'tool_use', part: { tool: 'bash', state: { status: 'completed', input: { command: 'npm test' } } } },
      step(0.001),
      { type: 'text', part: { text: 'Done' } },
      step(0.002),
    ]);
    const spent = { inputTokens: 2_000, cachedInputTokens: 800, outputTokens: 100, costCents: expect.closeTo(0.3) };
    expect(turn).toEqual({ is: 'answered', text: 'Done', spent });
    expect(seen).toContainEqual({ is: 'tool', title: 'bash npm test', state: 'ended' });
  });

  it('does not know the cost of a model without prices', () => {
    expect(reading(openCode, [step(0)]).turn.spent).not.toHaveProperty('costCents');
  });

  it('reads status, time and body of an error', () => {
    const before = Date.now();
    const data = {
      message: 'Slow down',
      statusCode: 429,
      responseHeaders: { 'retry-after': '60' },
      responseBody: '{}',
    };
    const { turn } = reading(openCode, [{ type: 'error', error: { name: 'APIError', data } }], 1);
    expect(turn).toMatchObject({ is: 'notNow', because: 'Its model is overloaded: Slow down (status 429)' });
    expect(Date.parse((turn as { until: string }).until)).toBeGreaterThanOrEqual(before + 60_000);
  });

  it('is read from its log, in which errors of the model for titles do not matter', () => {
    const line = (small: boolean) =>
      `timestamp=2026-11-28T18:47:58.504Z level=ERROR run=06c2 message="stream error" providerID=fake small=${small} error.error="AI_APICallError: Rate limit reached for \\"fake\\"."`;
    expect(reading(readLog, [line(true)], 1).turn.is).toBe('failed');
    expect(reading(readLog, [line(false)]).turn).toMatchObject({
      because: 'Its model is overloaded: Rate limit reached for "fake".',
    });
  });

  it('says when a denied permission ended its turn', () => {
    const state = { status: 'error', error: 'The user rejected permission to use this specific tool call.' };
    const lines = [{ type: 'tool_use', part: { tool: 'bash', state } }, step(0)];
    expect(reading(openCode, lines).turn).toMatchObject({ is: 'answered', refused: true });
  });
});

describe('Claude Code, by its documented messages', () => {
  const assistant = (content: object[], more: object = {}) => ({
    type: 'assistant',
    message: { role: 'assistant', content },
    parent_tool_use_id: null,
    session_id: 's1',
    ...more,
  });
  const result = (more: object) => ({
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'Done.',
    session_id: 's1',
    total_cost_usd: 0.05,
    usage: { input_tokens: 100, cache_creation_input_tokens: 200, cache_read_input_tokens: 700, output_tokens: 40 },
    permission_denials: [],
    ...more,
  });

  it('works, and reports usage and cost of each run', () => {
    const { turn, seen } = reading(
      claude,
      [
        { type: 'system', subtype: 'init', session_id: 's1' },
        assistant([
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'npm test' } },
        ]),
        { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't1', is_error: true }] } },
        result({}),
      ],
      0,
      { inputTokens: 1_000, cachedInputTokens: 0, outputTokens: 10, costCents: 1 },
    );
    const spent = { inputTokens: 2_000, cachedInputTokens: 700, outputTokens: 50, costCents: expect.closeTo(6) };
    expect(turn).toEqual({ is: 'answered', text: 'Done.', spent });
    expect(seen).toEqual([
      { is: 'answered' },
      { is: 'message', text: 'I look.' },
      { is: 'tool', title: 'Bash npm test', state: 'begun' },
      { is: 'tool', title: 'Bash npm test', state: 'failed' },
    ]);
  });

  it('counts what its subagents have used', () => {
    const used = { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 100, cacheCreationInputTokens: 20 };
    const spent: Spent = {};
    reading(claude, [result({ modelUsage: { opus: used, haiku: { ...used, outputTokens: 7 } } })], 0, spent);
    expect(spent).toEqual({ inputTokens: 260, cachedInputTokens: 200, outputTokens: 12, costCents: 5 });
  });

  it('prefers its structured output', () => {
    const { turn } = reading(claude, [result({ structured_output: { verdict: 'approve' } })]);
    expect(turn).toMatchObject({ is: 'answered', text: '{"verdict":"approve"}' });
  });

  const resetsAt = Math.floor(Date.now() / 1_000) + 3_600;
  it.each<[string, object[], object]>([
    [
      'the limit of a subscription',
      [{ type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt, rateLimitType: 'five_hour' } }],
      {
        is: 'notNow',
        because: 'Its usage limit is reached: five_hour',
        until: new Date(resetsAt * 1_000).toISOString(),
      },
    ],
    [
      'a warning about it',
      [{ type: 'rate_limit_event', rate_limit_info: { status: 'allowed_warning', resetsAt } }, result({})],
      { is: 'answered' },
    ],
    [
      'the limit of a subscription that pays for extra usage',
      [
        { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt, isUsingOverage: true } },
        result({}),
      ],
      { is: 'answered' },
    ],
    [
      'the limit of a session',
      [assistant([{ type: 'text', text: "You've hit your session limit · resets 11:59pm" }], { error: 'rate_limit' })],
      { is: 'notNow', because: expect.stringMatching(/^Its usage limit is reached/), until: expect.any(String) },
    ],
    [
      'an error of a subagent, after which the session goes on',
      [
        assistant([{ type: 'text', text: 'API Error: 529 Overloaded.' }], {
          error: 'overloaded',
          parent_tool_use_id: 't1',
        }),
        result({}),
      ],
      { is: 'answered', text: 'Done.' },
    ],
    [
      'an overloaded model, in a result that is a success by its subtype',
      [result({ is_error: true, api_error_status: 529, result: 'API Error: try again in a moment.' })],
      { is: 'notNow', because: 'Its model is overloaded: API Error: try again in a moment.' },
    ],
    [
      'an invoice that is open',
      [assistant([{ type: 'text', text: 'Payment declined.' }], { error: 'billing_error' })],
      { is: 'notNow', because: 'Its provider does not answer: Payment declined.' },
    ],
    [
      'an error of its provider',
      [assistant([], { error: 'server_error' })],
      { is: 'notNow', because: 'Its provider does not answer: server_error' },
    ],
    [
      'an error in its own words',
      [result({ subtype: 'error_during_execution', is_error: true, result: undefined, errors: ['No such tool: X'] })],
      { is: 'failed', because: 'agent: No such tool: X' },
    ],
    [
      'an overloaded model, at the first retry',
      [{ type: 'system', subtype: 'api_retry', attempt: 1, error_status: 529, error: 'overloaded' }],
      { is: 'notNow', because: 'Its model is overloaded: overloaded (status 529)' },
    ],
    [
      'a missing login',
      [assistant([{ type: 'text', text: 'Invalid API key · Please run /login' }], { error: 'authentication_failed' })],
      { is: 'notNow', because: 'It is signed out: Invalid API key · Please run /login' },
    ],
    [
      'no credit',
      [result({ is_error: true, result: 'Credit balance is too low' })],
      { is: 'notNow', because: 'It has no credit left: Credit balance is too low' },
    ],
    [
      'too many turns',
      [result({ subtype: 'error_max_turns', is_error: false, result: undefined })],
      { is: 'failed', because: 'agent: error_max_turns' },
    ],
  ])('%s', (_, lines, turn) => {
    expect(reading(claude, lines, 'because' in turn ? 1 : 0).turn).toMatchObject(turn);
  });
});

describe('the configuration of OpenCode', () => {
  it('keeps what the user has set, and sets its own rules', () => {
    const theirs = { model: 'a/b', permission: { bash: 'allow' }, agent: { build: { prompt: 'Be brief.' } } };
    expect(JSON.parse(configurationFor('read', '/tmp/x', JSON.stringify(theirs)))).toMatchObject({
      model: 'a/b',
      permission: { edit: 'deny' },
      agent: { build: { prompt: 'Be brief.', permission: { edit: 'deny' } } },
      share: 'disabled',
    });
  });

  it.each(['{ key: sk-secret }', 'null', '[]', '7'])('that is %j is refused without being shown', (theirs) => {
    expect(() => configurationFor('read', '/tmp/x', theirs)).toThrow(
      /^opencode: \S+ should be a JSON object, and is not\.$/,
    );
  });
});

describe('Gemini CLI 0.61.0', () => {
  const stats = { total_tokens: 3_150, input_tokens: 3_000, output_tokens: 150, cached: 1_200, input: 1_800 };

  it('answers in parts', () => {
    const { turn, seen } = reading(gemini, [
      { type: 'init', session_id: 'b332', model: 'gemini-2.5-flash' },
      { type: 'message', role: 'user', content: 'close the shop\n' },
      { type: 'message', role: 'assistant', content: 'I look.', delta: true },
      { type: 'tool_use', tool_name: 'run_shell_command', tool_id: 't1', parameters: { command: 'ls' } },
      { type: 'tool_result', tool_id: 't1', status: 'error', output: 'no' },
      { type: 'message', role: 'assistant', content: 'All ', delta: true },
      { type: 'message', role: 'assistant', content: 'done', delta: true },
      { type: 'result', status: 'success', stats },
    ]);
    const spent = { inputTokens: 3_000, cachedInputTokens: 1_200, outputTokens: 150 };
    expect(turn).toEqual({ is: 'answered', text: 'All done', spent });
    expect(seen).toContainEqual({ is: 'tool', title: 'run_shell_command ls', state: 'failed' });
  });

  it('says on standard error why it waits', () => {
    const line = 'Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {"error":{}}';
    expect(reading(readErrors, [line]).turn).toMatchObject({
      is: 'notNow',
      because: expect.stringMatching(/^Its model is overloaded/),
    });
  });
});

describe('the strict form of a schema', () => {
  it('requires every property, and lets the optional ones be null', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { type: 'string', minLength: 1, default: '' },
        b: { type: 'array', items: { type: 'object', properties: {} } },
      },
      required: ['b'],
    };
    expect(strictSchema(schema)).toEqual({
      type: 'object',
      properties: {
        a: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        b: { type: 'array', items: { type: 'object', properties: {}, required: [], additionalProperties: false } },
      },
      required: ['a', 'b'],
      additionalProperties: false,
    });
    expect(withoutNulls('{"a":null,"b":[{"c":null}]}')).toBe('{"b":[{}]}');
    expect(withoutNulls('not JSON')).toBe('not JSON');
  });

  it('is impossible if the names of properties are free', () => {
    expect(strictSchema({ type: 'object', additionalProperties: { type: 'string' } })).toBeUndefined();
  });
});
