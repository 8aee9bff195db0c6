import { existsSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import type { ConversationOpening } from '../../../../activities/adapters/agents/conversation.ts';
import { AcpRig, type Script } from '../../../support/agents/acp-rig.ts';
import { until } from '../../../support/until.ts';

let rig: AcpRig;
beforeEach(async () => (rig = await AcpRig.create()));
afterEach(() => rig.dispose());
afterEach(() => jest.restoreAllMocks());

const ask = async (script: Script, over: Partial<ConversationOpening> = {}) =>
  (await rig.open(script, over)).ask('Do it.');

it('opens a session in the checkout, and offers neither files nor terminals', async () => {
  expect(await ask({ turns: [[{ say: 'Do' }, { say: 'ne.' }]] })).toMatchObject({ is: 'answered', text: 'Done.' });
  const [started] = await rig.notes();
  expect(started).toMatchObject({ cwd: rig.checkout, pwd: rig.checkout });
  const [hello] = await rig.received('initialize');
  expect(hello.params).toMatchObject({ protocolVersion: 1, clientCapabilities: {} });
  const [session] = await rig.received('session/new');
  expect(session.params).toEqual({ cwd: rig.checkout, mcpServers: [] });
  expect((await rig.received('session/prompt'))[0].params.prompt).toEqual([{ type: 'text', text: 'Do it.' }]);
});

it('goes on in the same session, and answers with the last message of the turn', async () => {
  const turns = [[{ say: 'I look.' }, { tool: 'npm test' }, { say: 'All is well.' }], [{ say: 'Second.' }]];
  const conversation = await rig.open({ turns });
  expect(await conversation.ask('1')).toMatchObject({ text: 'All is well.' });
  expect(await conversation.ask('2')).toMatchObject({ text: 'Second.' });
  expect(await rig.received('session/new')).toHaveLength(1);
  expect(rig.seen).toEqual([
    { is: 'message', text: 'I look.', part: true },
    { is: 'message', text: '' },
    { is: 'tool', title: 'npm test', state: 'begun' },
    { is: 'tool', title: 'npm test', state: 'ended' },
    { is: 'message', text: 'All is well.', part: true },
    { is: 'message', text: 'Second.', part: true },
  ]);
});

it('shows plans, thoughts and what is unknown as activity', async () => {
  const turn = [
    { plan: [['look', 'completed'], ['mend', 'in_progress'], ['test', 'pending']] }, // prettier-ignore
    { think: 'Hm.' },
    { update: { sessionUpdate: 'of_tomorrow', content: 7 } },
    { update: { sessionUpdate: 'plan', entries: 'broken' } },
    { update: { sessionUpdate: 'agent_message_chunk', content: { type: 'image', data: 'x' } } },
    { say: 'Done.' },
  ];
  expect(await ask({ turns: [turn] })).toMatchObject({ is: 'answered', text: 'Done.' });
  expect(rig.seen.map((event) => event.is)).toEqual([
    'plan',
    'thinking',
    'thinking',
    'thinking',
    'thinking',
    'message',
  ]);
  expect(rig.seen[0]).toEqual({ is: 'plan', done: 1, total: 3, label: 'mend' });
});

describe('models and modes', () => {
  const modes = {
    currentModeId: 'build',
    availableModes: [{ id: 'build', name: 'Build' }, { id: 'plan', name: 'Plan' }], // prettier-ignore
  };
  const configOptions = [
    {
      id: 'model',
      name: 'Model',
      category: 'model',
      type: 'select',
      currentValue: 'a',
      options: [{ group: 'g', name: 'G', options: [{ value: 'a', name: 'A' }, { value: 'b', name: 'B' }] }], // prettier-ignore
    },
  ];

  it('chooses the read-only mode of a reading role, whatever mode is set', async () => {
    await ask({ session: { modes } }, { mode: 'read', sessionMode: 'build' });
    expect((await rig.received('session/set_mode')).map(({ params }) => params.modeId)).toEqual(['plan']);
  });

  it('chooses mode and model as they are set', async () => {
    await ask({ session: { modes, configOptions } }, { sessionMode: 'build', model: 'b' });
    expect((await rig.received('session/set_mode')).map(({ params }) => params.modeId)).toEqual(['build']);
    expect((await rig.received('session/set_config_option')).map(({ params }) => params)).toEqual([
      { sessionId: 'session-1', configId: 'model', value: 'b' },
    ]);
  });

  it('chooses a model as earlier versions of the protocol do', async () => {
    await ask({ session: { models: { currentModelId: 'a', availableModels: [{ modelId: 'a' }] } } }, { model: 'a' });
    expect(await rig.received('session/set_model')).toHaveLength(1);
  });

  it('waits for a model that is not offered, and fails for a mode', async () => {
    const turn = await ask({ session: { configOptions } }, { model: 'gpt-9' });
    expect(turn).toMatchObject({ is: 'notNow', because: expect.stringContaining('"gpt-9", it offers a, b') });
    await rig.dispose();
    rig = await AcpRig.create();
    const other = await ask({ session: { modes } }, { sessionMode: 'yolo' });
    expect(other).toMatchObject({ is: 'failed', because: 'It has no mode "yolo": it offers build, plan.' });
  });
});

describe('permissions', () => {
  const answers = [{ say: 'granted' }];
  const denied = [{ say: 'denied' }];
  const asking = (toolCall: object, over: object = {}) => [
    { ask: toolCall, then: answers, otherwise: denied, ...over },
  ];
  const outside = '/etc/passwd';

  it.each<[string, ConversationOpening['mode'], object, string]>([
    ['an edit within the checkout', 'write', { kind: 'edit', locations: [{ path: 'a.txt' }] }, 'granted'],
    ['an edit of .git', 'write', { kind: 'edit', locations: [{ path: '.git/config' }] }, 'granted'],
    ['a command', 'write', { kind: 'execute', rawInput: { command: 'npm test' } }, 'granted'],
    ['a command in the resolver’s checkout', 'resolve', { kind: 'execute' }, 'granted'],
    ['a command elsewhere', 'write', { kind: 'execute', rawInput: { command: 'ls', cwd: '/etc' } }, 'denied'],
    ['an edit outside', 'write', { kind: 'edit', locations: [{ path: outside }] }, 'denied'],
    ['an edit outside by its diff', 'write', { kind: 'other', content: [{ type: 'diff', path: outside }] }, 'denied'],
    ['an edit beside, by dots', 'write', { kind: 'edit', locations: [{ path: '../beside.txt' }] }, 'denied'],
    ['an edit through a link', 'write', { kind: 'edit', locations: [{ path: 'link/new.txt' }] }, 'denied'],
    ['a folder outside', 'write', { kind: 'other', rawInput: { parentDir: '/etc', filepath: outside } }, 'denied'],
    ['a page', 'write', { kind: 'fetch', rawInput: { url: 'https://example.com' } }, 'denied'],
    ['a kind of tomorrow', 'write', { kind: 'teleport' }, 'denied'],
    ['nothing that is known', 'write', {}, 'denied'],
    ['to leave its plan', 'write', { kind: 'switch_mode' }, 'granted'],
    ['an edit by a reader', 'read', { kind: 'edit', locations: [{ path: 'a.txt' }] }, 'denied'],
    ['a deletion by a reader', 'read', { kind: 'delete', locations: [{ path: 'a.txt' }] }, 'denied'],
    ['to leave its plan as a reader', 'read', { kind: 'switch_mode' }, 'denied'],
    ['a command by a reader', 'read', { kind: 'execute' }, 'granted'],
    ['to read', 'read', { kind: 'read', locations: [{ path: 'a.txt' }] }, 'granted'],
  ])('asked for %s in a %s job', async (_, mode, toolCall, answer) => {
    await mkdir(path.join(rig.checkout, '.git'));
    await symlink('/etc', path.join(rig.checkout, 'link'));
    expect(await ask({ turns: [asking(toolCall)] }, { mode })).toMatchObject({ is: 'answered', text: answer });
  });

  it.each([
    [['allow_once', 'allow_always', 'reject_once'], 'o-allow_once'],
    [['allow_always', 'reject_once'], 'o-reject_once'],
    [['allow_always', 'reject_always'], undefined],
    [[], undefined],
  ])('of %j chooses %j', async (options, optionId) => {
    await ask({ turns: [asking({ kind: 'execute' }, { options })] });
    const answer = (await rig.notes()).find((each) => each.result?.outcome);
    expect(answer.result.outcome.optionId).toBe(optionId);
  });

  it('knows the kind of a tool call from its beginning', async () => {
    const begun = { sessionUpdate: 'tool_call', toolCallId: 't', title: 'edit', kind: 'edit', status: 'pending' };
    const turn = [{ update: begun }, { ask: { toolCallId: 't' }, then: answers, otherwise: denied }];
    expect(await ask({ turns: [turn] }, { mode: 'read' })).toMatchObject({ text: 'denied' });
  });

  it('denies what is asked for another session', async () => {
    const turn = asking({ kind: 'execute' }, { sessionId: 'another' });
    expect(await ask({ turns: [turn] })).toMatchObject({ text: 'denied' });
  });

  it.each([
    ['ends without a word', { stop: 'end_turn' }],
    ['is cancelled', { stop: 'cancelled' }],
  ])('a turn that %s after a denial was refused', async (_, stop) => {
    const turn = [{ say: 'I try.' }, { ask: { kind: 'fetch' }, otherwise: [stop] }];
    expect(await ask({ turns: [turn] })).toMatchObject({ is: 'answered', refused: true });
  });

  it('the end of the denied call itself is not going on', async () => {
    const call = { toolCallId: 't', title: 'write', kind: 'edit' };
    const turn = [
      { update: { sessionUpdate: 'tool_call', ...call, status: 'pending' } },
      { ask: { ...call, locations: [{ path: '/etc/x' }] } },
      { update: { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'failed' } },
    ];
    expect(await ask({ turns: [turn] })).toMatchObject({ is: 'answered', refused: true });
    const titles = rig.seen.flatMap((event) => (event.is === 'tool' ? [event.title] : []));
    expect(titles).toEqual(['denied: write', 'write', 'write']);
  });

  it('a turn that goes on after a denial was not refused', async () => {
    const turn = [{ ask: { kind: 'fetch' }, otherwise: [{ tool: 'ls' }, { say: 'Without it.' }] }];
    expect(await ask({ turns: [turn] })).toMatchObject({ is: 'answered', refused: false, text: 'Without it.' });
  });
});

describe('what it spends', () => {
  it('is the last cumulative cost, and the tokens of the whole session', async () => {
    const usage = { inputTokens: 100, outputTokens: 20, cachedReadTokens: 50, totalTokens: 170 };
    const turns = [
      [{ cost: 0.25 }, { say: 'a' }, { cost: 0.5 }, { stop: 'end_turn', usage }],
      [{ say: 'b' }, { cost: 0.75 }, { stop: 'end_turn', usage: { ...usage, inputTokens: 300 } }],
    ];
    const conversation = await rig.open({ turns });
    expect((await conversation.ask('1')).spent).toEqual({
      costCents: 50,
      inputTokens: 150,
      cachedInputTokens: 50,
      outputTokens: 20,
    });
    expect((await conversation.ask('2')).spent).toMatchObject({ costCents: 75, inputTokens: 350 });
  });

  it('is unknown in other currencies, and for tokens of the last request only', async () => {
    const cost = { sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount: 3, currency: 'EUR' } };
    const turn = [{ update: cost }, { stop: 'end_turn', usage: { inputTokens: 1, outputTokens: 1 } }];
    const turn1 = await ask({ initialize: { agentInfo: { name: 'OpenCode', version: '1' } }, turns: [turn] });
    expect(turn1.spent).toBeUndefined();
  });
});

describe('how a turn ends', () => {
  it.each([
    ['max_tokens', 'It reached the limit of tokens of its model.'],
    ['max_turn_requests', 'It reached the limit of requests of one turn.'],
    ['refusal', 'The model refuses: No.'],
    ['cancelled', 'It was cancelled.'],
    ['of_tomorrow', 'It stopped for a reason that is not known: of_tomorrow.'],
  ])('%s fails', async (stop, because) => {
    expect(await ask({ turns: [[{ say: 'No.' }, { stop }]] })).toMatchObject({ is: 'failed', because });
  });

  it.each([
    ['signed out', { code: -32000, message: 'Authentication required' }, 'notNow'],
    ['429', { code: -32603, message: 'Internal error: Too Many Requests' }, 'notNow'],
    ['quota', { code: -32603, message: 'Internal error', data: { details: 'insufficient_quota' } }, 'notNow'],
    ['unreachable', { code: -32603, message: 'Internal error: Cannot connect to API: refused' }, 'notNow'],
    ['a bug', { code: -32603, message: 'Internal error: undefined is not a function' }, 'failed'],
  ])('an error of its provider (%s)', async (_, error, is) => {
    expect(await ask({ turns: [[{ cost: 0.01 }, { fail: error }]] })).toMatchObject({ is, spent: { costCents: 1 } });
  });

  it('an agent that wants a login cannot work now', async () => {
    const refuses = { 'session/new': { code: -32000, message: 'Authentication required' } };
    expect(await ask({ refuses })).toMatchObject({ is: 'notNow', because: expect.stringContaining('signed out') });
  });
});

describe('misbehaviour', () => {
  it('a protocol version of tomorrow is a clear failure', async () => {
    const because = 'It speaks version 2 of the Agent Client Protocol, and gatehouse version 1.';
    expect(await ask({ initialize: { protocolVersion: 2 } })).toMatchObject({ is: 'failed', because });
  });

  it('an answer that is none is a clear failure', async () => {
    expect(await ask({ initialize: { protocolVersion: 'one' } })).toMatchObject({
      is: 'failed',
      because: 'Its answer to initialize does not fit the Agent Client Protocol.',
    });
  });

  it('passes over nonsense on its output, and shows it', async () => {
    jest.spyOn(console, 'error').mockReturnValue(); // the library prints answers to nothing
    const turn = [
      { raw: 'INFO 12:00' },
      { raw: '{"level":"info"}' },
      { raw: '[1, 2]' },
      { raw: '7' },
      { say: 'Done.' },
    ];
    const hello = ['Welcome!', '{"jsonrpc":"2.0","id":"unasked","result":{}}', '{"jsonrpc":"2.0","id":99,"result":{}}'];
    expect(await ask({ hello, turns: [turn] })).toMatchObject({ is: 'answered', text: 'Done.' });
    expect(rig.complaints).toEqual(expect.arrayContaining(['Welcome!', 'INFO 12:00', '{"level":"info"}']));
  });

  it('gives up a program that does not speak the protocol at all', async () => {
    const hello = Array.from({ length: 300 }, (_, n) => `line ${n}`);
    expect(await ask({ hello, initialize: null })).toMatchObject({
      is: 'failed',
      because: expect.stringContaining('It does not speak the Agent Client Protocol, but prints: line 200'),
    });
  });

  it('passes over an update that is too long, and takes a long one', async () => {
    const turn = [{ huge: 40_000_000 }, { tool: 'ls' }, { huge: 3_000_000 }];
    const answer = await ask({ turns: [turn] });
    expect({ ...answer, text: '' }).toEqual({ is: 'answered', refused: false, text: '' });
    expect((answer as { text: string }).text).toHaveLength(1_000_000);
  });

  it('leaves updates of other sessions, and late ones, out of the answer', async () => {
    const chunk = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'not ours' } };
    const conversation = await rig.open({
      turns: [[{ update: chunk, session: 'another' }, { say: 'First.' }, { late: 'too late', file: `${rig.folder}/late` }], [{ until: `${rig.folder}/go` }, { tool: 'ls' }, { say: 'Second.' }]], // prettier-ignore
    });
    expect(await conversation.ask('1')).toMatchObject({ text: 'First.' });
    const second = conversation.ask('2');
    await until('it was too late', () => existsSync(`${rig.folder}/late`));
    await mkdir(`${rig.folder}/go`);
    expect(await second).toMatchObject({ text: 'Second.' });
  });

  it.each<[string, Script, string]>([
    ['before it begins', { exit: 3, stderr: 'no config\n' }, 'It ended with exit code 3: no config'],
    ['in the middle', { turns: [[{ say: 'I' }, { exit: 1 }]] }, 'It ended with exit code 1.'],
  ])('an agent that dies %s fails with its last words', async (_, script, because) => {
    expect(await ask(script)).toMatchObject({ is: 'failed', because });
  });

  it('an agent that dies of its provider cannot work now', async () => {
    expect(await ask({ exit: 1, stderr: 'Error: 401 Unauthorized\n' })).toMatchObject({ is: 'notNow' });
  });

  it('a program that cannot be started fails', async () => {
    const program = ['/nonexistent/agent'];
    expect(await ask({}, { program })).toMatchObject({ is: 'failed', because: expect.stringContaining('ENOENT') });
  });
});

describe('a cancelled conversation', () => {
  it('is cancelled through the protocol, and its answer is waited for', async () => {
    const conversation = await rig.open({ turns: [[{ say: 'I work.' }, { untilCancelled: 'cancelled' }]] });
    const turn = conversation.ask('Do it.');
    await rig.sees((event) => event.is === 'message');
    rig.cancel.abort();
    expect(await turn).toMatchObject({ is: 'failed', because: 'It was cancelled.' });
    expect(await rig.received('session/cancel')).toMatchObject([{ params: { sessionId: 'session-1' } }]);
    expect(await rig.notes()).toContainEqual({ cancelled: true });
  });

  it('denies what is asked after it, and ends an agent that ignores it and its signals', async () => {
    const turns = [[{ say: 'I work.' }, { hang: true }]];
    const conversation = await rig.open({ turns, ignoresSignals: true });
    const turn = conversation.ask('Do it.');
    await rig.sees((event) => event.is === 'message');
    rig.cancel.abort();
    expect(await turn).toMatchObject({ is: 'failed', because: 'It ended by SIGKILL.' });
    expect(await rig.notes()).toContainEqual({ signal: 'SIGTERM' });
  });

  it('ends an agent that has not answered yet', async () => {
    const conversation = await rig.open({ initialize: null });
    const turn = conversation.ask('Do it.');
    rig.cancel.abort();
    expect(await turn).toMatchObject({ is: 'failed' });
  });
});
