import { mkdir } from 'node:fs/promises';
import { jest } from '@jest/globals';
import { Complaints } from '../../../../activities/adapters/agents/acp/complaints.ts';
import type { NotNow } from '../../../../activities/adapters/agents/not-now.ts';
import { AcpRig, type Script } from '../../../support/agents/acp-rig.ts';
import { until } from '../../../support/until.ts';

const log = (level: string, rest: string) => `timestamp=2026-11-28T22:06:27.041Z level=${level} run=985b7152 ${rest}`;
const streamError = (words: string, small = false) =>
  log('ERROR', `message="stream error" session.id=session-1 small=${small} error.error="AI_APICallError: ${words}"`);
const loop = (session: string, step: number) => log('INFO', `message=loop session.id=${session} step=${step}`);

describe('a program that speaks the Agent Client Protocol', () => {
  let rig: AcpRig;
  beforeEach(async () => (rig = await AcpRig.create()));
  afterEach(() => rig.dispose());
  const ask = async (script: Script) => (await rig.open(script)).ask('Do it.');
  const saying = (line: string) => ({ stderr: `${line}\n` });

  it.each([
    [streamError('Rate limit reached for requests.'), 'Its model is overloaded: Rate limit reached for requests.'],
    [streamError('The usage limit has been reached'), 'Its usage limit is reached: The usage limit has been reached'],
    [
      'Attempt 1 failed with status 429. Retrying with backoff...',
      'Its model is overloaded: Attempt 1 failed with status 429. Retrying with backoff...',
    ],
  ])('that waits in silence cannot work now: %s', async (line, because) => {
    const turn = await ask({ turns: [[saying(line), { hang: true }]] });
    expect(turn).toEqual({ is: 'notNow', because });
    expect(rig.complaints).toEqual([line]);
  });

  it.each([
    ['of the model for titles', streamError('Rate limit reached', true)],
    ['of a server of tools', 'MCP server shop: 401 Unauthorized'],
  ])('goes on after an error %s', async (_, line) => {
    expect(await ask({ turns: [[saying(line), { say: 'Done.' }]] })).toMatchObject({ is: 'answered', text: 'Done.' });
  });

  it('goes on after an error before its first prompt', async () => {
    const script = { hello: [streamError('Rate limit reached')], turns: [[{ say: 'Done.' }]] };
    expect(await ask(script)).toMatchObject({ is: 'answered', text: 'Done.' });
  });

  it('has its log printed, of which people see the complaints', async () => {
    const turn = [
      saying(loop('session-1', 0)),
      saying(loop('session-1', 1)),
      saying(loop('of-a-subagent', 2)),
      saying(log('WARN', 'message=slow')),
      { until: `${rig.folder}/go` },
      { env: 'OPENCODE_PRINT_LOGS' },
    ];
    const asked = ask({ turns: [turn] });
    await until('its log is read', async () => rig.complaints.length > 0 || undefined);
    await mkdir(`${rig.folder}/go`);
    expect(await asked).toMatchObject({ is: 'answered', text: '1' });
    expect(rig.seen.filter(({ is }) => is === 'answered')).toHaveLength(1);
    expect(rig.complaints).toEqual([log('WARN', 'message=slow')]);
  });

  it('that dies has last words without those of its log that are no complaints', async () => {
    const script = { exit: 1, stderr: `no config\n${log('INFO', 'message="connection error handler ready"')}\n` };
    expect(await ask(script)).toEqual({ is: 'failed', because: 'It ended with exit code 1: no config' });
  });
});

let ends: NotNow[];
let complaints: Complaints;
beforeEach(() => {
  ends = [];
  complaints = new Complaints({ seen: () => undefined, end: (notNow) => void ends.push(notNow) });
  complaints.begin();
});

it('a trouble that often heals counts once it has come four times without work in between', () => {
  const fail = (times: number) => {
    for (let n = 0; n < times; n += 1) complaints.read(streamError('Cannot connect to API'), 's');
  };
  fail(3);
  complaints.worked();
  fail(3);
  expect(ends).toEqual([]);
  fail(1);
  expect(ends).toEqual([{ because: 'Its provider cannot be reached: Cannot connect to API' }]);
});

describe('a line that only sounds like a complaint', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const LINE = 'ERROR codex_core::client: stream error: 429 Too Many Requests; retrying in 3600s';

  it('counts once the program has done nothing for a minute', () => {
    complaints.read(LINE, 's');
    jest.advanceTimersByTime(59_000);
    complaints.read(LINE, 's'); // it does not begin again
    expect(ends).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(ends).toEqual([{ because: `Its model is overloaded: ${LINE}`, until: expect.any(String) }]);
  });

  it.each<[string, () => void]>([
    ['the program works', () => complaints.worked()],
    ['the turn is over', () => complaints.end()],
  ])('does not count if %s meanwhile', (_, meanwhile) => {
    complaints.read(LINE, 's');
    meanwhile();
    jest.advanceTimersByTime(3_600_000);
    expect(ends).toEqual([]);
  });

  it.each(['took 429 ms', 'GET /rate-limit 200', 'I may connect', ''])('%j is none', (line) => {
    complaints.read(line, 's');
    jest.advanceTimersByTime(3_600_000);
    expect(ends).toEqual([]);
  });
});
