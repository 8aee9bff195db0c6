import { realpathSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Mode } from '../conversation.ts';

const lenient = z.looseObject({}).optional().catch(undefined);

/** What an agent asks permission for. What is odd about it counts as missing. */
export const PermissionQuestion = z.looseObject({
  sessionId: z.string(),
  toolCall: z
    .looseObject({
      toolCallId: z.string().catch(''),
      title: z.string().nullish().catch(undefined),
      kind: z.string().nullish().catch(undefined),
      locations: z
        .array(z.looseObject({ path: z.string() }))
        .nullish()
        .catch(undefined),
      content: z
        .array(z.looseObject({ type: z.string(), path: z.string().optional() }))
        .nullish()
        .catch(undefined),
      rawInput: lenient,
    })
    .catch({ toolCallId: '' }),
  options: z.array(z.looseObject({ optionId: z.string(), kind: z.string() })).catch([]),
});
export type PermissionQuestion = z.output<typeof PermissionQuestion>;
type ToolCall = PermissionQuestion['toolCall'];

const EDITS = ['edit', 'delete', 'move'];
/** What changes nothing but by its command, of which the agent's own rules decide. */
const WORK = ['read', 'search', 'think', 'execute'];

interface Rules {
  mode: Mode;
  /** The checkout. */
  cwd: string;
}

/**
 * Whether an agent may do something: work within its checkout and, if it writes, edit there. Everything else is denied, for
 * example what leads outside of the checkout, fetches pages, or is of an unknown kind.
 */
export function isAllowed(toolCall: ToolCall, kind: string | undefined, { mode, cwd }: Rules): boolean {
  const edits = EDITS.includes(kind ?? '') || (toolCall.content ?? []).some(({ type }) => type === 'diff');
  const isKnown = edits || WORK.includes(kind ?? '') || (kind === 'switch_mode' && mode !== 'read');
  const paths = pathsOf(toolCall);
  if (!isKnown && !(kind === 'other' && paths.length > 0)) return false;
  if (edits && mode === 'read') return false;
  return paths.every((each) => isWithin(cwd, each));
}

/** The fields in which agents name files and folders. The protocol leaves the input of tools to them. */
const PATH_FIELDS =
  /^(?:abs(?:olute)?_?)?(?:file_?|dir_?|directory_?|folder_?|parent_?|target_?|old_?|new_?|root_?)?(?:path|dir|directory|folder|cwd|workdir|filename)s?$/i;

function pathsOf({ locations, content, rawInput }: ToolCall): string[] {
  const named = Object.entries(rawInput ?? {}).flatMap(([name, value]) =>
    PATH_FIELDS.test(name) ? [value].flat().filter((each) => typeof each === 'string') : [],
  );
  return [
    ...(locations ?? []).map((each) => each.path),
    ...(content ?? []).flatMap((each) => (each.type === 'diff' && each.path !== undefined ? [each.path] : [])),
    ...named.map((each) => each.replace(/\/\*+$/, '')),
  ].filter((each) => each !== '');
}

/** Links are followed as far as the path exists, so a link within the checkout leads where it leads. */
function isWithin(cwd: string, given: string): boolean {
  const home = realpathSync(cwd);
  const file = real(path.resolve(cwd, given));
  return file === home || file.startsWith(`${home}${path.sep}`);
}

function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const parent = path.dirname(file);
    return parent === file ? file : path.join(real(parent), path.basename(file));
  }
}

/** The answer by the options that the agent offers. Nothing is allowed or denied for longer than once. */
export function outcomeOf(
  options: PermissionQuestion['options'],
  allowed: boolean,
): { granted: boolean; outcome: { outcome: 'selected'; optionId: string } | { outcome: 'cancelled' } } {
  const [yes, no] = ['allow_once', 'reject_once'].map((kind) => options.find((each) => each.kind === kind)?.optionId);
  const optionId = allowed && yes !== undefined ? yes : no;
  const outcome =
    optionId === undefined ? ({ outcome: 'cancelled' } as const) : ({ outcome: 'selected', optionId } as const);
  return { granted: allowed && yes !== undefined, outcome };
}
