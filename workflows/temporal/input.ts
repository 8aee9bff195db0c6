import { ApplicationFailure, patched, workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import type { BadField } from '../contracts/activities.ts';
import { badFields, fieldsMessage } from '../contracts/bad-fields.ts';
import { isUnreadable } from '../contracts/unreadable.ts';
import { oversized } from '../rules/bounds.ts';

/** What a workflow asks of its input besides its shape, and how it refuses one. */
interface InputRules<Input> {
  /** What the workflow's id must be, where other workflows find it by that. */
  id?: (input: Input) => string;
  /** What only an earlier execution may say: nobody starts a workflow with a state that it made up. */
  handedOn?: { path: string; of: (input: Input) => unknown };
  refuse?: (fields: BadField[]) => never;
}

/**
 * Reads what a workflow is started with, or goes on with. What cannot be decoded throws plainly, so that the task waits for
 * a worker that has the codec; so does what a continued execution cannot read, for a newer build wrote it. All else that is
 * wrong ends the workflow, with every bad field named.
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  { id, handedOn, refuse = refusePlainly }: InputRules<z.output<Schema>> = {},
): z.output<Schema> {
  const { workflowId, continuedFromExecutionRunId: continued } = workflowInfo();
  if (isUnreadable(raw)) throw new Error('The input cannot be decoded: does this worker lack a codec?');
  const { success, data, error } = schema.safeParse(raw);
  if (!success) {
    const fields = badFields(error, raw);
    if (continued) throw new Error(`A newer build wrote this input: ${fieldsMessage(fields)}`);
    return refuse(fields);
  }
  const large = continued ? [] : oversized(raw);
  if (large.length > 0 && patched('start-inputs-are-bounded')) return refuse(large);
  if (!continued && handedOn && handedOn.of(data) !== undefined)
    return refuse([
      { path: handedOn.path, expected: 'expected nothing: only a workflow that goes on by itself has it' },
    ]);
  const expected = id?.(data) ?? workflowId;
  return expected === workflowId ? data : refuse([{ path: 'workflowId', expected: `expected ${expected}` }]);
}

function refusePlainly(fields: BadField[]): never {
  throw ApplicationFailure.nonRetryable(fieldsMessage(fields), 'invalid_input');
}
