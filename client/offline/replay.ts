import { availableParallelism } from 'node:os';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { builtBundle, bundling } from '../../worker/configuration/bundling.ts';
import { dataConverterOf } from '../../worker/configuration/converting.ts';
import { readHistory, type Recorded } from './histories.ts';

const SILENT_LOGGER = 'ERROR';
/** The maximum number of parallel streams. Each has its own copy of the workflow code, and more streams gain little. */
const MOST_STREAMS = 4;

export interface Replayed {
  file: string;
  ok: boolean;
  /** Why the file does not replay, or is not a history. */
  because?: string;
}

export interface Replaying {
  /** Called after the replay of each file. */
  tell?: (replayed: Replayed, done: number) => void;
  /** The bundle on which to replay. Default: the one of this build. */
  codePath?: string;
  /** The worker's payload codecs, for encrypted histories. */
  payloadCodecs?: Converter['payloadCodecs'];
}

type Converter = NonNullable<ReplayWorkerOptions['dataConverter']>;

/**
 * Replays exported histories on workflow code, without a server. All share one bundle, and several are replayed in parallel.
 * Returns the results in the order of the files.
 */
export async function replay(
  files: readonly string[],
  { tell, codePath, payloadCodecs = [] }: Replaying = {},
): Promise<Replayed[]> {
  hush();
  const workflowBundle = codePath === undefined ? await ownBundle() : { codePath };
  // Failures are shown locally, so their messages are not encrypted.
  const dataConverter = { ...dataConverterOf(), payloadCodecs };
  const results: Replayed[] = [];
  const note = (replayed: Replayed) => {
    results.push(replayed);
    tell?.(replayed, results.length);
  };
  const left = [...files];
  const streams = Math.min(MOST_STREAMS, availableParallelism(), files.length);
  await Promise.all(Array.from({ length: streams }, () => stream({ workflowBundle, dataConverter }, left, note)));
  return results.sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file));
}

async function ownBundle(): Promise<NonNullable<ReplayWorkerOptions['workflowBundle']>> {
  const make = () => bundleWorkflowCode({ ...bundling(), logger: new DefaultLogger(SILENT_LOGGER) });
  const kept = await builtBundle({}, async () => (await make()).code);
  return kept ? { codePath: kept } : make();
}

/** Replays files one after another, until none are left. */
async function stream(options: ReplayWorkerOptions, left: string[], note: (replayed: Replayed) => void) {
  let file = '';
  async function* recorded(): AsyncGenerator<Recorded> {
    while (left.length > 0) {
      file = left.shift()!;
      const read = await readHistory(file).catch((failure: Error) => failure);
      if (read instanceof Error) note({ file, ok: false, because: read.message });
      else yield read;
    }
  }
  for await (const { error } of Worker.runReplayHistories(options, recorded())) {
    note({ file, ok: !error, ...(error && { because: whyOf(error.message) }) });
  }
}

/** Core prints the error as a Rust value. Returns only its innermost message, which a person needs. */
function whyOf(message: string): string {
  const [, said] = /message: "((?:[^"\\]|\\.)*)"/.exec(message) ?? [];
  return (said ?? message).replaceAll('\\"', '"').split(/\\n|\n/, 1)[0]!;
}

let quiet = false;

/** Silences Temporal's core, which by default prints warnings on standard output, where our results belong. */
export function hush(): void {
  if (quiet) return;
  quiet = true;
  const logging = { forward: {}, filter: { core: SILENT_LOGGER, other: SILENT_LOGGER } } as const;
  Runtime.install({ logger: new DefaultLogger(SILENT_LOGGER), telemetryOptions: { logging } });
}
