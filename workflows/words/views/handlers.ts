// What the Web UI and Temporal's command line show for the queries and signals of a workflow. Those for people are in the
// table of actions, `contracts/messages.ts`.

export const QUERIES = {
  run: 'The run: its steps, and what it does now.',
  waitingOn: 'What the run waits for, and since when.',
  actions: 'Who did what, and what was refused. The newest comes last.',
  output: 'The output of a step, in full. Input: {"step": 1}.',
  environment: 'The status of the environment.',
};

export const SIGNALS = {
  hint: (about: string) => `Checks now instead of later. Input: {"about": "${about}"}.`,
  betweenWorkflows: 'Sent by other workflows, not by people.',
  betweenBuilds: 'Sent by newer builds, not by people.',
  fromWorkers: 'Sent by workers, not by people.',
};
