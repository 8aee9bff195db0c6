import { fieldsOf, type Field } from './schema.ts';

/** A form as a browser sends it. */
export type Sent = Record<string, string[]>;

/** How many rows a list of comments has in the form. */
export const ROWS = 3;

export const sentOf = (body: URLSearchParams): Sent => {
  const sent: Sent = Object.create(null) as Sent;
  for (const [name, value] of body) (sent[name] ??= []).push(value.replace(/\r\n?/g, '\n'));
  return sent;
};

/**
 * What was typed, as the action's input. Fields that were left empty are left out. `same` holds texts that the form showed and
 * nobody changed, which are left out too.
 */
export function inputOf(
  schema: unknown,
  sent: Sent,
  same: Record<string, string | undefined> = {},
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const { name, field } of fieldsOf(schema)) {
    const value = valueOf(name, field, sent);
    if (value !== undefined && value !== same[name]?.replace(/\r\n?/g, '\n')) input[name] = value;
  }
  return input;
}

function valueOf(name: string, field: Field, sent: Sent): unknown {
  if (field.items?.type === 'object') return rowsOf(name, Object.keys(field.items.properties ?? {}), sent);
  const texts = (sent[name] ?? []).filter((text) => text.trim() !== '');
  const [text] = texts;
  if (field.type === 'array') return texts.length > 0 ? texts : undefined;
  if (text === undefined) return undefined;
  const isNumber = field.type === 'integer' || field.type === 'number';
  // What is no number stays as it is, so that the refusal names it.
  return isNumber && Number.isFinite(Number(text)) ? Number(text) : text;
}

function rowsOf(name: string, keys: string[], sent: Sent): unknown {
  const rows = Array.from({ length: ROWS }, (_, row) =>
    Object.fromEntries(
      keys.flatMap((key) => {
        const text = sent[`${name}.${row}.${key}`]?.[0] ?? '';
        return text.trim() === '' ? [] : [[key, text]];
      }),
    ),
  ).filter((row) => Object.keys(row).length > 0);
  return rows.length > 0 ? rows : undefined;
}
