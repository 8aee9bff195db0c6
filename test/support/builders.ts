import type { CheckReport, JobReport } from '../../workflows/contracts/activities.ts';

export const change = {
  repository: '/srv/shop.git',
  base: 'main',
  branch: 'gatehouse/PAY-142',
  basis: 'b'.repeat(40),
};

export const HEADS = ['a', 'c', 'd', 'e', 'f'].map((letter) => letter.repeat(40));
export const HEAD = HEADS[0]!;

/** What somebody types who starts a run. */
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
