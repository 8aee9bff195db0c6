import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

/**
 * A part of GitHub's published description of its REST API (npm `@octokit/openapi` 23.0.2, MIT), with the operations that we
 * use. It checks what the adapter sends and what the stub answers.
 */
const openapi = JSON.parse(readFileSync(new URL('./openapi.json', import.meta.url), 'utf8')) as Described;

interface Described {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}
interface Operation {
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: Schema }> }>;
}
interface Schema {
  $ref?: string;
  type?: string;
  nullable?: boolean;
  enum?: unknown[];
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

mend(openapi);
/** An enumeration that may be null does not list it, and no conclusion `stale`, which GitHub documents elsewhere. */
function mend(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const { nullable, enum: values } = value as { nullable?: unknown; enum?: unknown };
  if (nullable === true && Array.isArray(values)) {
    values.push(null);
    if (values.includes('timed_out')) values.push('stale');
  }
  Object.values(value).forEach(mend);
}

const ajv = new Ajv({ strict: false, inlineRefs: false, validateFormats: false, logger: false, allErrors: false });
ajv.addSchema(openapi, 'gh');
const compiled = new Map<string, ValidateFunction>();
const escaped = (text: string) => text.replaceAll('~', '~0').replaceAll('/', '~1');

/** Whether GitHub's description has this operation. */
export const isDescribed = (path: string, method: string): boolean =>
  openapi.paths[path]?.[method.toLowerCase()] !== undefined;

/** Throws if the body is none that GitHub describes for this operation. */
export function checkRequest(path: string, method: string, body: unknown): void {
  const operation = openapi.paths[path]?.[method.toLowerCase()];
  if (!operation?.requestBody || body === undefined) return;
  check(`gh#/paths/${escaped(path)}/${method.toLowerCase()}/requestBody/content/application~1json/schema`, body);
}

/** Throws if the answer is none that GitHub describes for this operation. */
export function checkAnswer(path: string, method: string, status: number, body: unknown): void {
  const operation = openapi.paths[path]?.[method.toLowerCase()];
  const described = operation?.responses[String(status)];
  // Those that every operation has are not repeated for each.
  if (!operation || [401, 403, 404, 500, 304].includes(status)) return;
  if (!described) throw new Error(`GitHub does not answer ${status} to ${method} ${path}.`);
  if (described.$ref) return check(`gh${described.$ref}/content/application~1json/schema`, body);
  if (!described.content?.['application/json']) return;
  check(
    `gh#/paths/${escaped(path)}/${method.toLowerCase()}/responses/${status}/content/application~1json/schema`,
    body,
  );
}

function check(ref: string, body: unknown): void {
  const validate = compiled.get(ref) ?? ajv.compile({ $ref: ref });
  compiled.set(ref, validate);
  if (!validate(body)) throw new Error(`${ref}: ${ajv.errorsText(validate.errors)}`);
}

/** An object of this schema, with these values. What it requires beside them is filled in. */
export function filled(schema: string, values: object): Record<string, unknown> {
  const { nullable, ...form } = openapi.components.schemas[schema]!;
  void nullable;
  return merged(sample(form), values) as Record<string, unknown>;
}

function sample(schema: Schema): unknown {
  if (schema.$ref) return sample(resolved(schema.$ref));
  if (schema.nullable) return null;
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(sample)) as object;
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return sample(either[0]!);
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time'
        ? '2026-01-01T00:00:00Z'
        : schema.format === 'uri'
          ? 'https://stub.invalid/'
          : 'x';
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return false;
    case 'array':
      return [];
    default:
      return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties?.[name] ?? {})]));
  }
}

const resolved = (ref: string): Schema =>
  ref
    .slice(2)
    .split('/')
    .reduce((found, name) => (found as Record<string, unknown>)[name], openapi as unknown) as Schema;

/** Objects are merged, everything else is replaced. */
function merged(base: unknown, values: unknown): unknown {
  if (values === undefined) return base;
  if (!isObject(base) || !isObject(values)) return values;
  const all = { ...base };
  for (const [name, value] of Object.entries(values)) all[name] = merged(base[name], value);
  return all;
}
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
