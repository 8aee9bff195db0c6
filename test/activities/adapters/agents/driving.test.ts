import type { ConversationOpening, Open, Seen, Turn } from '../../../../activities/adapters/agents/conversation.ts';
import type { ShownJob } from '../../../../activities/adapters/agents/driver/drive.ts';
import { drive, type Driven } from '../../../../activities/adapters/agents/driver/driving.ts';

type Answer = Turn | ((opening: ConversationOpening) => Turn | Promise<Turn>);

const reported = (over: Partial<ShownJob> = {}): ShownJob => ({
  role: 'coder',
  brief: 'Add a greeting.',
  task: { id: 'T-1', title: 'Greet' },
  change: { repository: '/shop', base: 'main', branch: 'work' },
  priorOutputs: [],
  ...over,
});

const said = (text: string, over: object = {}): Turn => ({ is: 'answered', text, ...over });
const scores = { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: 'Small.' };

/** Has a conversation give these answers in turn. */
async function driven(answers: Answer[], over: Partial<ShownJob> = {}, cancel = new AbortController()) {
  const prompts: string[] = [];
  const schemas: unknown[] = [];
  const seen: Seen[] = [];
  let closed = 0;
  const open: Open = (opening) =>
    Promise.resolve({
      ask(prompt, wanted) {
        prompts.push(prompt);
        schemas.push(wanted?.schema);
        const answer = answers[prompts.length - 1]!;
        return Promise.resolve(typeof answer === 'function' ? answer(opening) : answer);
      },
      close: () => Promise.resolve(void (closed += 1)),
    });
  const opening = { program: [], cwd: '/', env: {}, arguments: [], mode: 'write', scratch: '/' } as const;
  const job = reported(over);
  const end = await drive({ job, open, opening, seen: (event) => seen.push(event), signal: cancel.signal });
  expect(closed).toBe(1);
  return { end, prompts, schemas, seen };
}

it('asks once, and passes on the answer and what was seen', async () => {
  const answer: Answer = ({ seen }) => {
    seen({ is: 'tool', title: 'npm test' });
    return said('Greeted.', { spent: { costCents: 3 } });
  };
  const { end, prompts, seen } = await driven([answer]);
  expect(end).toEqual({ is: 'completed', summary: 'Greeted.', spent: { costCents: 3 } });
  expect(prompts).toHaveLength(1);
  expect(prompts[0]).toContain('Add a greeting.');
  expect(seen).toEqual([{ is: 'tool', title: 'npm test' }]);
});

it('asks a turn that a denied permission has ended to go on, once', async () => {
  const { end, prompts } = await driven([said('', { refused: true }), said('Without it.', { refused: true })]);
  expect(end).toMatchObject({ is: 'completed', summary: 'Without it.' });
  expect(prompts[1]).toContain('Go on without it');
});

describe('an answer that must be data', () => {
  const merger = { role: 'merger', brief: 'Assess it.' };

  it('may have words around it', async () => {
    const { end, schemas } = await driven([said(`Here:\n\`\`\`json\n${JSON.stringify(scores)}\n\`\`\``)], merger);
    expect(end).toMatchObject({ is: 'completed', output: scores, summary: 'Small.' });
    expect(schemas[0]).toMatchObject({ type: 'object' });
  });

  it('is asked for once more in the same session where it does not fit', async () => {
    const wrong = JSON.stringify({ ...scores, risk: 7 });
    const { end, prompts } = await driven([said(wrong), said(JSON.stringify(scores))], merger);
    expect(end).toMatchObject({ is: 'completed', output: scores });
    expect(prompts[1]).toContain('risk: ');
  });

  it('is passed on as it is where the repair does not fit either', async () => {
    const { end, prompts } = await driven([said('I like it.'), said('{"risk":1}')], merger);
    expect(end).toMatchObject({ is: 'completed', output: { risk: 1 } });
    expect(prompts).toHaveLength(2);
  });

  it('stays the first one where the repair has no data', async () => {
    const { end } = await driven([said('{"risk":1}'), said('I said so already.')], merger);
    expect(end).toMatchObject({ is: 'completed', output: { risk: 1 } });
  });

  it('is missing where there is none at all', async () => {
    const { end } = await driven([said('I like it.'), said('Really.')], merger);
    expect(end).toEqual({ is: 'completed', summary: 'Really.', spent: undefined });
  });

  it('is read where only the brief describes it', async () => {
    const brief = 'Make one. Answer in `output` with { "service": "…" }.';
    const { end, prompts } = await driven([said('{"service":"Shop"}')], { role: 'synthesizer', brief });
    expect(end).toMatchObject({ output: { service: 'Shop' } });
    expect(prompts).toHaveLength(1);
  });
});

it.each<[string, Answer[], Partial<ShownJob>, Driven]>([
  [
    'cannot work now',
    [{ is: 'notNow', because: 'Later.', until: '2030-01-01T00:00:00Z' }],
    {},
    { is: 'notNow', because: 'Later.', until: '2030-01-01T00:00:00Z' },
  ],
  ['fails', [{ is: 'failed', because: 'Broken.' }], {}, { is: 'failed', because: 'Broken.' }],
  [
    'cannot repair its answer now',
    [said('no', { spent: { costCents: 1 } }), { is: 'notNow', because: 'Later.' }],
    { role: 'merger' },
    { is: 'notNow', because: 'Later.', spent: { costCents: 1 } },
  ],
  ['throws', [() => Promise.reject(new Error('A bug.'))], {}, { is: 'failed', because: 'A bug.' }],
])('a conversation that %s', async (_, answers, over, expected) => {
  expect((await driven(answers, over)).end).toEqual({ spent: undefined, ...expected });
});

it('a program that cannot be opened fails, or cannot work now', async () => {
  const opening = { program: [], cwd: '/', env: {}, arguments: [], mode: 'write', scratch: '/' } as const;
  const given = { job: reported(), opening, seen: () => undefined, signal: new AbortController().signal };
  const failing =
    (message: string): Open =>
    () =>
      Promise.reject(new Error(message));
  expect(await drive({ ...given, open: failing('no program') })).toMatchObject({ is: 'failed' });
  expect(await drive({ ...given, open: failing('connect ECONNREFUSED') })).toMatchObject({ is: 'notNow' });
});

describe('a model that answers nothing', () => {
  const never = new Promise<Turn>(() => undefined);
  const aborted = ({ signal }: ConversationOpening) =>
    new Promise<Turn>((resolve) => {
      signal.addEventListener('abort', () => resolve({ is: 'failed', because: 'It was cancelled.' }));
    });
  const empty = (times: number, seen: (event: Seen) => void) => {
    for (let n = 0; n < times; n += 1) seen({ is: 'answered' });
  };

  it('20 times in a row cannot work now', async () => {
    const { end } = await driven([
      (opening) => {
        const turn = aborted(opening);
        empty(20, opening.seen);
        return turn;
      },
    ]);
    expect(end).toMatchObject({ is: 'notNow', because: expect.stringContaining('20 answers in a row') });
  });

  it('may do so now and then, between texts and tool calls', async () => {
    const { end } = await driven([
      ({ seen }) => {
        empty(19, seen);
        seen({ is: 'message', text: 'Hm.' });
        empty(19, seen);
        seen({ is: 'tool', title: 'ls' });
        seen({ is: 'thinking' });
        empty(19, seen);
        return said('Done.');
      },
    ]);
    expect(end).toMatchObject({ is: 'completed' });
  });

  it('is left when the job is cancelled, even if the conversation never ends', async () => {
    const cancel = new AbortController();
    const { end } = await driven(
      [
        () => {
          cancel.abort();
          return never;
        },
      ],
      {},
      cancel,
    );
    expect(end).toEqual({ is: 'cancelled' });
  });
});
