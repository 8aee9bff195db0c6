// What the Web UI and Temporal's command line show for the queries and signals of a workflow. Those for people are in the
// table of actions, `contracts/messages.ts`.

export const QUERIES = {
  run: 'The run: its steps, and what it is doing.',
  waitingOn: 'What the run waits for, and since when.',
  actions: 'Who did what, and what was refused: newest last.',
  output: 'What a step made, in full. Input: {"step": 1}.',
  environment: 'How the environment stands.',
};

export const SIGNALS = {
  hint: (about: string) => `Look now instead of later. Input: {"about": "${about}"}.`,
  betweenWorkflows: 'Between workflows: not for people.',
  betweenBuilds: 'Between builds: not for people.',
  fromWorkers: 'From workers: not for people.',
};
