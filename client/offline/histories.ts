import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';

type History = Parameters<typeof historyToJSON>[0];

/** A replayable history and its workflow id, which is needed because a run compares its id with its input. */
export interface Recorded {
  workflowId: string;
  history: History;
}

/** The JSON of a history in the format of the `temporal` command, which every replayer reads. */
export const historyToJson = (history: History): string => historyToJSON(history);

/** The history as data, for example to scrub it. */
export const historyData = (history: History): unknown => JSON.parse(historyToJson(history));

/** The history as compressed JSON, for a folder of many. The bytes depend on the history only. */
export const packed = (data: unknown): Buffer => gzipSync(JSON.stringify(data), { level: 9 });

const NAMES = /\.json(\.gz)?$/;
const EXPECTED = 'expected the JSON of a history, as `gatehouse export` or `temporal workflow show -o json` writes it';

/** The file itself, or all `.json` and `.json.gz` files in a folder, sorted. Undefined if the path does not exist. */
export async function historyFiles(place: string): Promise<string[] | undefined> {
  const there = await stat(place).catch(() => undefined);
  if (!there?.isDirectory()) return there ? [place] : undefined;
  const below = await readdir(place, { recursive: true, withFileTypes: true });
  return below
    .filter((entry) => entry.isFile() && NAMES.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** Reads the text of a file, compressed or not. */
export async function historyText(file: string): Promise<string> {
  const bytes = await readFile(file);
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isPacked ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** Reads a history from a file. If it is invalid, the error describes what was expected. */
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

/** Servers before 1.22 did not record the id. */
interface Begun {
  workflowId?: string;
}
