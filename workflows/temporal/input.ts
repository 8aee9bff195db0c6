import { ApplicationFailure, patched, workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import type { BadField } from '../contracts/activities.ts';
import { badFields, fieldsMessage } from '../contracts/bad-fields.ts';
import { isUnreadable } from '../contracts/unreadable.ts';
import { oversized } from '../rules/bounds.ts';
import { inputTooLarge, onlyHandedOn, otherWorkflowId, undecodable, writtenByNewerBuild } from '../words/input.ts';

/** What a workflow requires of its input besides the schema, and how it refuses one. */
interface InputRules<Input> {
  /** The required workflow id, for workflows that others find by it. */
  id?: (input: Input) => string;
  /** What only an earlier execution may pass: no caller may make up a state. */
  handedOn?: { path: string; of: (input: Input) => unknown };
  refuse?: (fields: BadField[]) => never;
}

/**
 * Parses the input of a workflow. An input that cannot be decoded, or that a newer build wrote for a continued execution,
 * throws a plain error: the workflow task waits for a worker that can read it. Any other invalid input ends the workflow,
 * and the failure names every bad field.
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  { id, handedOn, refuse = refusePlainly }: InputRules<z.output<Schema>> = {},
): z.output<Schema> {
  const { workflowId, continuedFromExecutionRunId: continued } = workflowInfo();
  if (isUnreadable(raw)) throw new Error(undecodable({ what: 'The input' }));
  const { success, data, error } = schema.safeParse(raw);
  if (!success) {
    const fields = badFields(error, raw);
    if (continued) throw new Error(writtenByNewerBuild({ fields: fieldsMessage(fields) }));
    return refuse(fields);
  }
  const large = continued ? undefined : oversized(raw);
  if (large && patched('start-inputs-are-bounded')) return refuse([inputTooLarge(large)]);
  if (!continued && handedOn && handedOn.of(data) !== undefined) return refuse([onlyHandedOn(handedOn)]);
  const expected = id?.(data) ?? workflowId;
  return expected === workflowId ? data : refuse([otherWorkflowId({ expected })]);
}

function refusePlainly(fields: BadField[]): never {
  throw ApplicationFailure.nonRetryable(fieldsMessage(fields), 'invalid_input');
}
