import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';

type History = Parameters<typeof historyToJSON>[0];

/** A history that can be replayed, under the id that its workflow had: a run checks its own id against its input. */
export interface Recorded {
  workflowId: string;
  history: History;
}

/** A history as the `temporal` command would print it: what replay reads, here and elsewhere. */
export const historyToJson = (history: History): string => historyToJSON(history);

/** The same as data, to be looked through or scrubbed. */
export const historyData = (history: History): unknown => JSON.parse(historyToJson(history));

/** A history as a folder of many keeps it: `gunzip` makes JSON of it. The same history makes the same bytes. */
export const packed = (data: unknown): Buffer => gzipSync(JSON.stringify(data), { level: 9 });

const NAMES = /\.json(\.gz)?$/;
const EXPECTED = 'expected the JSON of a history, as `gatehouse export` or `temporal workflow show -o json` writes it';

/** The files that a path means: itself, or every `.json` and `.json.gz` below it, in order. None: there is no such path. */
export async function historyFiles(place: string): Promise<string[] | undefined> {
  const there = await stat(place).catch(() => undefined);
  if (!there?.isDirectory()) return there ? [place] : undefined;
  const below = await readdir(place, { recursive: true, withFileTypes: true });
  return below
    .filter((entry) => entry.isFile() && NAMES.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** The text of a file, compressed or not. */
export async function historyText(file: string): Promise<string> {
  const bytes = await readFile(file);
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isPacked ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** Reads a file with a history. Throws an error that says what was expected when it holds none. */
export async function readHistory(file: string): Promise<Recorded> {
  try {
    const data = JSON.parse(await historyText(file)) as {
      events: { workflowExecutionStartedEventAttributes: Begun }[];
    };
    const { workflowId } = data.events[0]!.workflowExecutionStartedEventAttributes;
    return { workflowId: workflowId ?? 'unknown', history: historyFromJSON(data) };
  } catch (failure) {
    throw new Error(`no history: ${EXPECTED} (${(failure as Error).message.split('\n', 1)[0]!.slice(0, 200)})`);
  }
}

/** Servers before 1.22 did not tell the id. */
interface Begun {
  workflowId?: string;
}
