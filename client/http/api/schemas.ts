import { z } from 'zod';
import { actions, actionNames, type ActionName } from '../../../workflows/contracts/messages.ts';
import { RunInput } from '../../../workflows/gates/index.ts';

/** What the door takes and answers, for its handlers and for `/openapi.json`. */

/** The start input, without what only a retry makes and what the caller's token says. */
export const StartBody = RunInput.refine(({ resume }) => resume === undefined, {
  path: ['resume'],
  error: 'nothing: only a retry makes it',
}).refine(({ startedBy }) => startedBy === undefined, {
  path: ['startedBy'],
  error: 'nothing: it is the name of your token',
});

export const StartQuery = z.strictObject({
  fresh: z.enum(['true', 'false']).default('false').describe('Starts anew instead of retrying the task’s last run.'),
});

export const Begun = z.object({
  workflowId: z.string(),
  runId: z.string(),
  examined: z.boolean().describe('Whether a worker has examined the repository within 15 seconds.'),
});

export const RetryBody = z.strictObject({ from: z.number().int().min(1).optional() });

/** The body of an action: its own fields and the envelope, without what the door knows itself. */
export function actionBody(name: ActionName): z.ZodType<Record<string, unknown>> {
  const { by, ...shape } = actions[name].input.shape;
  void by;
  return z.strictObject(shape);
}

export const Action = z.enum(actionNames as [ActionName, ...ActionName[]]);

export const Taken = z.object({ actionId: z.string(), visit: z.string().optional() });

export const ProblemBody = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string().describe('For programs.'),
  detail: z.string(),
  fields: z.array(z.object({ path: z.string(), expected: z.string() })).optional(),
  workflowId: z.string().optional(),
  offers: z.array(z.string()).optional(),
  visit: z.string().optional(),
  head: z.string().optional(),
});

/** A run's answer. Its parts are described in the contract of the query `run`, and a later build may add some. */
export const Run = z.looseObject({ workflowId: z.string(), status: z.string() });
export const Page = z.object({ runs: z.array(Run), next: z.string().optional() });
export const Log = z.object({ actions: z.array(z.looseObject({ actionId: z.string(), verdict: z.string() })) });
export const Output = z.looseObject({ step: z.number().int(), kind: z.string(), summary: z.string() });
