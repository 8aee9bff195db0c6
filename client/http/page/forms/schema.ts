import { z } from 'zod';

/** The part of JSON Schema that the forms of actions use. What it does not know, it leaves out. */
export const Field = z.looseObject({
  type: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  items: z
    .looseObject({ type: z.string().optional(), properties: z.record(z.string(), z.unknown()).optional() })
    .optional(),
});
export type Field = z.output<typeof Field>;

const Schema = z.looseObject({
  properties: z.record(z.string(), Field).default({}),
  required: z.array(z.string()).default([]),
});

/** What we say ourselves, and ask nobody. */
const OURS = ['actionId', 'by', 'via', 'visit', 'head'];

export interface NamedField {
  name: string;
  field: Field;
  required: boolean;
}

/** The fields that a person fills in, the action's own first. A schema that cannot be read has none. */
export function fieldsOf(schema: unknown): NamedField[] {
  const { data } = Schema.safeParse(schema);
  if (!data) return [];
  const { properties, required } = data;
  const named = Object.entries(properties)
    .filter(([name]) => !OURS.includes(name))
    .map(([name, field]) => ({ name, field, required: required.includes(name) }));
  return [...named.filter(({ name }) => name !== 'note'), ...named.filter(({ name }) => name === 'note')];
}

/** Whether somebody must fill something in before the action can be sent. */
export const asksNothing = (schema: unknown): boolean =>
  fieldsOf(schema).every(({ name, field }) => name === 'note' || field.const !== undefined);
