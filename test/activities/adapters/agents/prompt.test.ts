import { promptFor, type PromptedJob } from '../../../../activities/adapters/agents/prompt.ts';

const job: PromptedJob = {
  role: 'ci-fixer',
  task: { id: 'T-1', title: 'Greet', description: 'Say hello.' },
  change: { base: 'main', branch: 'work' },
  brief: 'The check test is red.',
  priorOutputs: [
    { step: 1, kind: 'architect', output: 'A plan.' },
    { step: 3, kind: 'ci', output: 'The check test is red.' },
  ],
  resolvedDecision: { question: 'Which?', choice: 'This.' },
  revision: { previousOutput: 'Old.', feedback: 'Too long.', comments: [{ quote: 'x', text: 'Why?' }, { text: 'Shorter.' }] }, // prettier-ignore
  environment: { url: 'http://localhost:1' },
};

it('contains all that a job knows, and its rules', () => {
  expect(promptFor(job, { mode: 'write' })).toMatchInlineSnapshot(`
    "# T-1: Greet

    Your role: ci-fixer. You work in this checkout of the work branch, and change its files.

    ## What to do

    The check test is red.

    ## The task

    Say hello.

    ## What step 1 (architect) made

    A plan.

    ## Decided

    Which?

    This.

    ## Sent back

    Your work was sent back, for this reason:

    Too long.

    - On "x": Why?
    - Shorter.

    Your previous output:

    Old.

    ## Running environment

    http://localhost:1

    ## The change so far

    Work branch: work. Base branch: main. \`git diff origin/main...HEAD\` shows it.

    ## Rules

    - Commit nothing, push nothing, and open no pull request: that is done for you. Stay on this branch.
    - Work inside this checkout only. Look for no credentials.
    - Nobody is at a terminal to answer questions. Decide by yourself, and say what you decided.
    - Leave no servers or other processes running.

    ## Your answer

    End with a short summary of what you did or found. People read it."
  `);
});

it('does not repeat a description that the brief contains', () => {
  const { task } = job;
  const prompt = promptFor(
    { role: 'coder', task, change: job.change, brief: 'Say hello.', priorOutputs: [] },
    { mode: 'write' },
  );
  expect(prompt.match(/Say hello/g)).toHaveLength(1);
});

it('names the schema of an answer that must be data, and what reading and resolving roles do', () => {
  const read = promptFor(job, { mode: 'read', schema: { type: 'object' } });
  expect(read).toContain('Change no files');
  expect(read).toContain('```json\n{"type":"object"}\n```');
  expect(promptFor(job, { mode: 'read', data: true })).toContain('End with one JSON object: what you are asked');
  expect(promptFor(job, { mode: 'resolve' })).toContain('Resolve every conflict');
});
