import { z } from 'zod';
import { ChangeInput } from './change.ts';
import type { PipelineShape } from './pipelines.ts';
import { Policy } from './policy.ts';
import { untitled } from './text/titles.ts';

/**
 * Workspaces and tasks become workflow ids, git refs and folder names: letters, digits, dot, hyphen and underscore, and
 * none of the endings that git or a file system refuses.
 */
export const Id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    error: '1 to 64 of A-Z, a-z, 0-9, dot, hyphen and underscore, the first a letter or digit',
  })
  .refine((id) => !id.includes('..') && !id.endsWith('.') && !id.endsWith('.lock'), {
    error: 'no "..", and no "." or ".lock" at the end',
  });

const score = z.number().min(0).max(1);

export const Estimate = z.strictObject({
  /** How complex the task is. */
  complexity: score,
  /** How risky it is. */
  risk: score,
  /** How far it reaches. */
  impact: score,
});
export type Estimate = z.output<typeof Estimate>;

export const Task = z.strictObject({
  /** The task's id. A task has at most one live run. */
  id: Id,
  /** What to do, in a line. Default: the title of the pull request, if the change has one on a forge. */
  title: z.string().trim().min(1).max(200),
  /** What to do, in full. Default: the description of that pull request. */
  description: z.string().max(50_000).optional(),
  /** The kind of task, for `GATEHOUSE_TASK_LIMIT`. */
  type: z.enum(['feature', 'bug', 'document', 'spike', 'recurring']).default('feature'),
  /** An estimate, for the `when` of steps. */
  estimate: Estimate.optional(),
  /** Ids of tasks in the same workspace whose runs must have merged. */
  dependsOn: z.array(Id).max(100).optional(),
  /** Whole start inputs, which are started once this run has merged. */
  dependents: z.array(z.looseObject({})).max(20).optional(),
});
export type Task = z.output<typeof Task>;

const Commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, { error: 'a commit’s whole id' });

/**
 * What a run continues. A retry names a closed execution of its workflow id, and optionally the step to run again; the worker
 * reads what that execution has settled. Continue-as-new passes the whole `state` (`contracts/run/snapshot.ts`).
 */
export const Resume = z.looseObject({
  from: z.number().int().min(1).optional(),
  of: z.strictObject({ runId: z.string().min(1).max(100) }).optional(),
  /** The settled steps that retries of earlier builds passed on. Only runs that those builds started have them. */
  settled: z.array(z.looseObject({ step: z.number(), kind: z.string() })).optional(),
  head: Commit.optional(),
});
export type Resume = z.output<typeof Resume>;

/** A task as people write it. A pull request that exists already has a title. */
export const TaskInput = Task.extend({ title: Task.shape.title.optional() });

/** The start input of `pipelineRun`. The gates own the options of their steps, so `gates/index.ts` completes it. */
export const runInputOf = <Pipeline extends z.ZodType<PipelineShape>>(pipeline: Pipeline) =>
  z
    .strictObject({
      /** A namespace for task ids. */
      workspace: Id.default('default'),
      /** What to do. */
      task: TaskInput,
      /** Where to do it. */
      change: ChangeInput,
      /** The name of a built-in pipeline, or a pipeline. */
      pipeline,
      /** Any keys of the policy. The others keep their defaults. */
      policy: Policy.prefault({}),
      /** Who starts the run. */
      startedBy: z.string().min(1).max(200).optional(),
      /** Made by `retry`, not by people. */
      resume: Resume.optional(),
    })
    .refine(isTitled, { path: ['task', 'title'], error: 'expected string', when: () => true });

/** Gives a task without a title one that stands for it, until its pull request is read. */
export const titled = <Input extends { task: z.output<typeof TaskInput>; change: object }>({
  task,
  ...input
}: Input) => ({ ...input, task: { ...task, title: task.title ?? untitled(input.change) ?? '' } });

/** Whether the task has a title, or its pull request has one. It is also asked of inputs that are wrong otherwise. */
function isTitled(raw: unknown): boolean {
  const { task, change } = (raw ?? {}) as { task?: unknown; change?: unknown };
  if (typeof task !== 'object' || task === null || (task as { title?: unknown }).title !== undefined) return true;
  return untitled(change) !== undefined;
}
type Written = z.output<ReturnType<typeof runInputOf<z.ZodType<PipelineShape>>>>;
export type RunInput = Omit<Written, 'task'> & { task: Task };

/** How many times to try to start a dependent: for some two minutes of transient failures. */
export const START_TRIES = 8;

export const runIdOf = (workspace: string, task: string) => `run/${workspace}/${task}`;
export const releaseIdOf = (workspace: string, task: string) => `release/${workspace}/${task}`;
export const environmentIdOf = (workspace: string, task: string) => `env/${workspace}/${task}`;
export const branchOf = ({ change, task }: Pick<RunInput, 'change' | 'task'>) =>
  change.branch ?? `gatehouse/${task.id}`;
