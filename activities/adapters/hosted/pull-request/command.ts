import { actions, type ActionName } from '../../../../workflows/contracts/messages.ts';
import { actionTyped, typedFields } from '../../../../workflows/contracts/text/typing.ts';

/** What a comment asks for. */
export type Command =
  /** `fields`: as the action's schema takes them. */
  | { is: 'action'; action: ActionName; fields: Record<string, unknown> }
  /** It is meant as a command, and is none. */
  | { is: 'unknown'; word: string };

/**
 * The command of a comment: its first line begins with `/gatehouse ` and a word. Everything else that people write is nothing
 * to us. The text after the word goes into the action's own fields, one word each, and the last one takes the rest; an action
 * without a field of its own takes it as its note.
 */
export function commandOf(body: string): Command | undefined {
  const text = body.replace(/\r\n?/g, '\n');
  const [, word, rest = ''] = /^\/gatehouse[ \t]+(\S+)(?:\s+([\s\S]*))?$/.exec(text) ?? [];
  if (word === undefined) return undefined;
  const action = actionTyped(word.toLowerCase());
  return action ? { is: 'action', action, fields: fieldsOf(action, rest.trim()) } : { is: 'unknown', word };
}

function fieldsOf(action: ActionName, rest: string): Record<string, unknown> {
  const names = typedFields(action);
  if (names.length === 0) return rest === '' ? {} : { note: rest };
  const fields: Record<string, unknown> = {};
  let left = rest;
  names.forEach((name, index) => {
    const isLast = index === names.length - 1;
    const [, word = '', after = ''] = /^(\S*)\s*([\s\S]*)$/.exec(left) ?? [];
    const value = isLast ? left : word;
    left = after;
    if (value !== '') fields[name] = isNumber(action, name) && /^\d+$/.test(value) ? Number(value) : value;
  });
  return fields;
}

/** Whether an action's field is a number, by its sample. */
const isNumber = (action: ActionName, field: string): boolean =>
  typeof (actions[action].sample as Record<string, unknown>)[field] === 'number';
