import type { Seen } from '../../../../activities/adapters/agents/conversation.ts';
import { Output } from '../../../../activities/adapters/agents/driver/output.ts';
import { usageOf } from '../../../../activities/adapters/agents/driver/spending.ts';
import { Redactor } from '../../../../activities/adapters/settings/redacting.ts';

function rig() {
  const printed = { stdout: '', stderr: '' };
  const clock = { now: 1_000_000 };
  const output = new Output(new Redactor({ KEY: 'sk-very-secret' }), {
    stdout: (text) => void (printed.stdout += text),
    stderr: (text) => void (printed.stderr += text),
    now: () => clock.now,
  });
  const see = (...events: Seen[]) => events.forEach((event) => output.seen(event));
  return { output, printed, clock, see };
}
const part = (text: string): Seen => ({ is: 'message', text, part: true });

it('prints one readable line per message and tool call', () => {
  const { output, printed, see } = rig();
  see(part('I lo'), part('ok.\nThen I wri'), part('te.'), { is: 'tool', title: 'npm\n  test', state: 'begun' });
  see({ is: 'tool', title: 'npm test', state: 'ended' }, { is: 'tool', title: 'npm run x', state: 'failed' });
  see({ is: 'message', text: 'One.' }, { is: 'message', text: 'Two.\x1b[31m' }, { is: 'answered' });
  output.end();
  expect(printed.stdout).toBe('I look.\nThen I write.\n→ npm test\n✗ npm run x\nOne.\nTwo.\n');
  expect(printed.stderr).toBe('');
});

it('removes secrets, also where parts and lines split them', () => {
  const { output, printed, see } = rig();
  see(part('key: sk-ve'), part('ry-sec'), part('ret!\n'), part('sk-very-\n'), part('secret.'));
  see({ is: 'tool', title: 'echo sk-very-secret' });
  output.complain('failed with sk-very-secret');
  see({ is: 'plan', done: 0, total: 1, label: 'use sk-very-secret' });
  output.end();
  expect(printed.stdout).toBe('key: [secret KEY]!\n[secret KEY].\n→ echo [secret KEY]\n');
  expect(printed.stderr).toBe(
    'failed with [secret KEY]\nGATEHOUSE_PROGRESS {"done":0,"total":1,"label":"use [secret KEY]"}\n',
  );
});

it('prints progress when it changes, at most once a second, and the last one in any case', () => {
  const { output, printed, clock, see } = rig();
  const plan = (done: number): Seen => ({ is: 'plan', done, total: 3 });
  see(plan(0), plan(0), plan(1), plan(2));
  expect(printed.stderr).toBe('GATEHOUSE_PROGRESS {"done":0,"total":3}\n');
  clock.now += 1_000;
  see({ is: 'thinking' });
  expect(printed.stderr).toMatch(/\{"done":2,"total":3\}\n$/);
  see(plan(3));
  output.end();
  expect(printed.stderr).toMatch(/\{"done":3,"total":3\}\n$/);
});

it('does not let a message look like progress', () => {
  const { printed, see } = rig();
  see({ is: 'message', text: 'GATEHOUSE_PROGRESS {"done":1,"total":1}' });
  expect(printed.stdout).toBe(' GATEHOUSE_PROGRESS {"done":1,"total":1}\n');
});

it('shows that an agent thinks, now and then', () => {
  const { printed, clock, see } = rig();
  for (let n = 0; n < 100; n += 1) {
    clock.now += 1_000;
    see({ is: 'thinking' });
  }
  expect(printed.stderr).toBe('\n'.repeat(10));
});

it('stays small in a session of 30 minutes with 5,000 long updates, and never falls silent', () => {
  const { output, printed, clock, see } = rig();
  let [length, silence, longest] = [0, 0, 0];
  for (let n = 0; n < 5_000; n += 1) {
    clock.now += 360;
    see(part(`${'A long line of text. '.repeat(100)}\n`), { is: 'tool', title: `call ${n} ${'x'.repeat(2_000)}` });
    see({ is: 'plan', done: n, total: 5_000, label: 'y'.repeat(200) });
    output.complain('z'.repeat(2_000));
    const now = printed.stdout.length + printed.stderr.length;
    silence = now === length ? silence + 360 : 0;
    [length, longest] = [now, Math.max(longest, silence)];
  }
  expect(length).toBeLessThan(4_000_000);
  expect(longest).toBeLessThanOrEqual(10_000);
});

describe('what a job has spent', () => {
  const prices = { 'gpt-5': { input: 1.25, cachedInput: 0.125, output: 10 }, plain: { input: 1, output: 2 } };
  const tokens = { inputTokens: 1_000_000, cachedInputTokens: 400_000, outputTokens: 100_000 };
  const counted = { inputTokens: 1_000_000, outputTokens: 100_000 };
  it.each([
    ['a reported cost', { ...tokens, costCents: 7 }, 'gpt-5', { ...counted, costCents: 7 }],
    ['priced tokens', tokens, 'gpt-5', { ...counted, costCents: 180 }],
    ['priced tokens, named with a provider', tokens, 'openai/gpt-5', { ...counted, costCents: 180 }],
    ['cached input at the price of input', tokens, 'plain', { ...counted, costCents: 120 }],
    ['tokens without a price', tokens, 'other', counted],
    ['tokens of an unknown model', tokens, undefined, counted],
    ['a reported 0 of a model without a price', { ...tokens, costCents: 0 }, 'other', counted],
    ['a reported 0 of a model with one', { ...tokens, costCents: 0 }, 'plain', { ...counted, costCents: 120 }],
    ['only output', { outputTokens: 5 }, 'gpt-5', { outputTokens: 5 }],
    ['nothing', undefined, 'gpt-5', undefined],
    ['nonsense', { inputTokens: NaN, outputTokens: -1 }, 'gpt-5', undefined],
  ])('%s', (_, spent, model, usage) => expect(usageOf(spent, model, prices)).toEqual(usage));
});
