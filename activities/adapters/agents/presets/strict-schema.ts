type Schema = Record<string, unknown>;

/** The keywords of JSON Schema that OpenAI's structured output takes (platform.openai.com/docs/guides/structured-outputs). */
const TAKEN = new Set([
  'type',
  'description',
  'enum',
  'const',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
  '$ref',
]);

/**
 * A schema as OpenAI's strict mode wants it: every property is required, and no other is allowed. What was optional may be
 * null instead (`withoutNulls`). Undefined if that cannot be said, because the names of properties are free.
 */
export function strictSchema(schema: object): Schema | undefined {
  try {
    return strict(schema as Schema);
  } catch (failure) {
    if (failure instanceof Free) return undefined;
    throw failure;
  }
}

class Free extends Error {}

function strict(schema: Schema): Schema {
  const made: Schema = Object.fromEntries(Object.entries(schema).filter(([key]) => TAKEN.has(key)));
  for (const key of ['anyOf', 'oneOf']) {
    if (Array.isArray(schema[key])) made['anyOf'] = (schema[key] as Schema[]).map(strict);
  }
  if (schema['items'] !== undefined) made['items'] = strict(schema['items'] as Schema);
  for (const key of ['$defs', 'definitions']) {
    if (schema[key] !== undefined) made[key] = mapped(schema[key] as Record<string, Schema>, strict);
  }
  const properties = schema['properties'] as Record<string, Schema> | undefined;
  if (schema['type'] === 'object' || properties) {
    if (!properties || (typeof schema['additionalProperties'] === 'object' && Object.keys(properties).length === 0)) {
      throw new Free();
    }
    const required = new Set((schema['required'] ?? []) as string[]);
    made['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [
        name,
        required.has(name) ? strict(each) : { anyOf: [strict(each), { type: 'null' }] },
      ]),
    );
    made['required'] = Object.keys(properties);
    made['additionalProperties'] = false;
  }
  if (Object.keys(made).length === 0) throw new Free();
  return made;
}

const mapped = <T, U>(record: Record<string, T>, by: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, by(value)]));

/** An answer in which null stands for a missing property, without those. Other text is returned as it is. */
export function withoutNulls(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text, (_, value: unknown) => pruned(value)));
  } catch {
    return text;
  }
}

const pruned = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null))
    : value;
