import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { startModel, type Model } from '../support/model/index.ts';
import type { Answer, Asked } from '../support/model/script.ts';
import { agentHome, type AgentHome } from '../support/real-agents/home.ts';
import { ifFetched } from '../support/real-agents/rig.ts';
import { REAL_AGENTS } from '../support/real-agents/versions.ts';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(240_000);

const { describeIt, note } = await ifFetched();

/** What the model answers in each role. The last answer is repeated. */
const ANSWERS: Record<string, Answer[]> = {
  coder: [{ run: 'echo "open, with a total" > shop.txt' }, { say: 'I show the total.' }],
  reviewer: [
    { say: 'It is fine with me.' }, // asked again
    { say: '{ "rating": 0.9, "summary": "Well done.", "comments": [] }' },
  ],
  'conflict-resolver': [
    { run: 'printf "open on Sundays, with a total\\n" > shop.txt && git add shop.txt' },
    { say: 'I kept both.' },
  ],
  'ci-fixer': [{ run: 'echo "The total is with tax." >> shop.txt' }, { say: 'I mended the check.' }],
  merger: [{ say: '{ "complexity": 0.1, "risk": 0.1, "impact": 0.1, "rationale": "A small change." }' }],
};

const SETTINGS = `
checks: { test: grep -q tax shop.txt }
agents: { default: { use: codex } }
`;

const roleOf = ({ body }: Asked): string => /Your role: ([a-z-]+)\./.exec(JSON.stringify(body))?.[1] ?? 'nobody';

function script(asked: Asked): Answer {
  const role = roleOf(asked);
  const before = times.get(role) ?? 0;
  times.set(role, before + 1);
  const answers = ANSWERS[role] ?? [];
  return answers[Math.min(before, answers.length - 1)] ?? { say: 'Nobody sent me.' };
}
const times = new Map<string, number>();

describeIt(`human-review by the real Codex ${REAL_AGENTS.codex.version}${note}`, () => {
  let model: Model;
  let home: AgentHome;
  let stack: TestStack;
  beforeAll(async () => {
    model = await startModel(script);
    home = await agentHome('codex', model.url);
    const { HOME, ...variables } = home.env;
    void HOME; // the stack has programs of its own there
    stack = await TestStack.started(variables);
  });
  afterAll(async () => {
    await stack?.remove();
    await model?.close();
    await home?.remove();
  });

  it('makes a change, repairs a review, resolves a conflict, mends a check, and is merged', async () => {
    const shop = await TestRepository.create(stack.home, 'shop', SETTINGS);
    await shop.write({ 'shop.txt': 'open\n' });
    expect(await stack.startRun('REAL-1', shop)).toMatchObject({ code: 0 });
    await stack.parked('REAL-1', 'human-test');
    await shop.write({ 'shop.txt': 'open on Sundays\n' });
    const run = await confirmed('REAL-1');

    expect(run.end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
    expect(await shop.git('show', 'main:shop.txt')).toBe('open on Sundays, with a total\nThe total is with tax.');
    const roles = run.steps.flatMap((step: any) => step.attempts.map((attempt: any) => attempt.role));
    expect(new Set(roles)).toEqual(new Set(Object.keys(ANSWERS)));

    // The reviewer was asked again in its session.
    const reviews = model.asked.filter((asked) => roleOf(asked) === 'reviewer');
    expect(JSON.stringify(reviews[1]!.body)).toContain('It is fine with me.');
    expect(reviews[0]!.body.text.format).toMatchObject({ strict: true, schema: { required: expect.any(Array) } });

    expect(run.usage).toMatchObject({ inputTokens: model.asked.length * 1_000, outputTokens: model.asked.length * 50 });
    // The stack has the agent's variables, too.
    expect((await home.left()).filter((command) => command.includes('codex'))).toEqual([]);
    expect(await checkouts()).toEqual([]);
  });

  /** Confirms as often as a person is asked, until the run has ended. */
  async function confirmed(task: string): Promise<any> {
    for (let last: string | undefined; ;) {
      const run = await until(`${task} asks or ends`, async () => {
        const now = await stack.run(task);
        if (now?.end && now.end.is !== 'live') return now;
        return now?.status === 'parked' && now.current?.visit !== last ? now : undefined;
      });
      if (run.status !== 'parked') return run;
      last = run.current.visit;
      expect(run.current).toMatchObject({ kind: 'human-test' });
      await stack.gatehouse('confirm', task, '--visit', last!);
    }
  }

  const checkouts = async (): Promise<string[]> => {
    const jobs = path.join(stack.home, 'data', 'jobs');
    const found = await readdir(jobs, { recursive: true });
    return found.filter((each) => /\/(?:tree|scratch)$/.test(each));
  };
});
