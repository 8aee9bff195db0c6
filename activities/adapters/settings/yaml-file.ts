import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument, Parser } from 'yaml';
import { z } from 'zod';
import type { BadField } from '../../../workflows/contracts/activities.ts';
import { badFields, found } from '../../../workflows/contracts/bad-fields.ts';

/** The maximum number of characters. It is more than any settings need, and quick to parse. */
const MOST = 100_000;
/** How many collections may be within each other. */
const DEEPEST = 100;
/** How many faults are reported: a run carries them all. */
const FAULTS = 50;

/** What is wrong with a file, at the path of a key (empty: the file itself) and a line, which counts from 1. */
export interface Fault extends BadField {
  line?: number | undefined;
}

export interface YamlFile<Schema extends z.ZodType> {
  schema: Schema;
  /** The paths of keys that are documented, and that only later versions read. */
  later: RegExp;
  /** The paths of values that are never shown. Without it, also the text of a broken line is shown. */
  hidden?: ((path: string) => boolean) | undefined;
}

type Parsed = ReturnType<typeof parseDocument>;

/** Parses a YAML file of one document by a strict schema. Errors name the path of the bad key, and its line. */
export function parseYaml<Schema extends z.ZodType>(
  text: string,
  { schema, later, hidden }: YamlFile<Schema>,
): { data: z.output<Schema> } | { faults: Fault[] } {
  const fault = (expected: string, line?: number) => ({ faults: [{ path: '', expected, line }] });
  if (text.length > MOST) return fault(`expected at most ${MOST} characters, found ${text.length}`);
  const lines = text.replace(/\r\n?/g, '\n'); // YAML allows three kinds of line breaks, and the library only two
  if (isDeep(lines)) return fault(`expected YAML: at most ${DEEPEST} levels of nesting`);
  const counter = new LineCounter();
  const document = parseDocument(lines, { uniqueKeys: true, merge: true, lineCounter: counter, logLevel: 'error' });
  const [broken] = document.errors;
  if (broken) {
    const { line } = counter.linePos(broken.pos[0]);
    if (broken.code === 'MULTIPLE_DOCS') return fault('expected one YAML document, found more than one', line);
    const [because] = broken.message.split('\n', 1);
    if (hidden) return fault(`expected YAML: ${because!.replace(/ at line \d+, column \d+:$|: ".*/g, '')}`, line);
    return fault(`expected YAML: ${because!.replace(/:$/, '')}, found ${found(lines.split('\n')[line - 1])}`, line);
  }

  const plain = plainOf(document);
  if ('because' in plain) return fault(`expected YAML: ${plain.because}`);
  const raw = plain.raw ?? {};
  const lost = namesLost(raw);
  if (lost) {
    const path = lost.join('.');
    return {
      faults: [{ path, expected: `expected another name, found '__proto__'`, line: lineOf(document, counter, lost) }],
    };
  }
  const { data, error } = schema.safeParse(raw);
  if (!error) return { data };
  const faultsOf = (issue: z.core.$ZodIssue): Fault[] =>
    wrongWith(issue, raw, { later, hidden }).map(({ at, ...rest }) => ({
      ...rest,
      line: lineOf(document, counter, at),
    }));
  const faults = error.issues.flatMap(faultsOf).sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
  const more = faults.length - FAULTS;
  if (more <= 0) return { faults };
  return { faults: [...faults.slice(0, FAULTS), { path: '', expected: `expected no faults, found ${more} more` }] };
}

/**
 * Whether it is nested deeper than any settings are. The library's document is made recursively, and where a stack overflows
 * in the middle of a regular expression, Node ends the whole process instead of throwing. Its tokens need no recursion.
 */
function isDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme)); // it works as it is read
    if (parser.stack.length > DEEPEST) return true;
  }
  return false;
}

function wrongWith(
  issue: z.core.$ZodIssue,
  raw: unknown,
  { later, hidden = () => false }: Pick<YamlFile<z.ZodType>, 'later' | 'hidden'>,
): (BadField & { at: PropertyKey[] })[] {
  const fields = badFields(new z.ZodError([issue]), raw, hidden).map((field) => ({
    ...field,
    path: issue.path.length === 0 && field.path === 'input' ? '' : field.path,
  }));
  if (issue.code !== 'unrecognized_keys') return fields.map((field) => ({ ...field, at: issue.path }));
  return fields.map(({ path }, index) => {
    const at = [...issue.path, issue.keys[index]!];
    const expected = later.test(path) ? 'not there yet: expected no such key' : 'expected no such key here';
    const value = at.reduce<unknown>((within, key) => (within as Record<PropertyKey, unknown>)[key], raw);
    return { path, at, expected: `${expected}${hidden(path) ? '' : `, found ${found(value)}`}` };
  });
}

/** The line of the last key on this path that the document has. */
function lineOf(document: Parsed, counter: LineCounter, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0];
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!isScalar(pair?.key)) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)] as { range?: number[] } | undefined;
      offset = item?.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset === undefined ? undefined : counter.linePos(offset).line;
}

/** Returns the path of a key that the schemas would drop silently, if there is one. */
function namesLost(raw: unknown): string[] | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  if (Object.hasOwn(raw, '__proto__')) return ['__proto__'];
  for (const [key, value] of Object.entries(raw)) {
    const lost = namesLost(value);
    if (lost) return [key, ...lost];
  }
  return undefined;
}

/** Converts the document with a limit on aliases, because a few lines of them can expand to gigabytes. */
function plainOf(document: Parsed): { raw: unknown } | { because: string } {
  try {
    const raw: unknown = document.toJS({ maxAliasCount: 20 });
    JSON.stringify(raw); // throws if an alias is within its own anchor, or if the nesting is too deep
    return { raw };
  } catch (failure) {
    const { message } = failure as Error;
    return {
      because: /^(?:Unresolved alias|Merge sources)/.test(message) ? message : 'few aliases and little nesting',
    };
  }
}
