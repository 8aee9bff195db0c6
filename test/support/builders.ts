import type { CheckReport, Job, JobReport } from '../../workflows/contracts/activities.ts';

export const change = {
  repository: '/srv/shop.git',
  base: 'main',
  branch: 'gatehouse/PAY-142',
  basis: 'b'.repeat(40),
};

export const HEADS = ['a', 'c', 'd', 'e', 'f'].map((letter) => letter.repeat(40));
export const HEAD = HEADS[0]!;

/** A start input as a person would write it. */
export const wish = (...steps: ({ kind: string } & Record<string, unknown>)[]) => ({
  task: { id: 'PAY-142', title: 'Show totals with tax' },
  change: { repository: change.repository },
  pipeline: { name: 'my-pipeline', steps },
  policy: {} as Record<string, unknown>,
});

export const green = (head = HEAD): CheckReport => ({
  head,
  checks: [{ name: 'test', conclusion: 'success' }],
  none: false,
  foreign: [],
  state: 'open',
});

export const red = (head: string, ...names: string[]): CheckReport => ({
  ...green(head),
  checks: names.map((name) => ({ name, conclusion: 'failure', log: `${name} says no` })),
});

export const completed = (over: Partial<Extract<JobReport, { is: 'completed' }>> = {}): JobReport => ({
  is: 'completed',
  summary: 'done',
  head: HEAD,
  changed: true,
  foreign: [],
  ...over,
});

export const ready = {
  is: 'ready' as const,
  change,
  environments: true,
  checksGraceSeconds: 0,
};

/** A job in this repository, based on this commit. */
export const commandJob = (repository: string, basis: string, over: Partial<Job> = {}): Job => {
  const { role = 'coder' } = over;
  return {
    key: `run/default/T-1/000000000001/1-${role}/${role}-1`,
    role,
    mode: 'write',
    task: { id: 'T-1', title: 'A task', type: 'feature' },
    change: { repository, base: 'main', branch: 'work', basis },
    brief: 'Do it.',
    priorOutputs: [],
    seconds: 60,
    silenceSeconds: 60,
    pipeline: 'test',
    ...over,
  };
};

/** A job with only the fields that activities read. */
export const readingJob = {
  key: 'run/default/A/1/1-coder/coder-1',
  role: 'coder',
  mode: 'read',
  change,
  task: { id: 'A' },
  priorOutputs: [],
} as never as Job;
