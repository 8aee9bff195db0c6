import { access, constants, mkdir, readdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { ClientError } from '../errors.ts';
import { soleOwner } from './locking.ts';

/** The newest release of the CLI that `go install` accepts. Later ones have a `replace` in their go.mod. */
const VERSION = '1.5.1';
const MODULE = `github.com/temporalio/cli/cmd/temporal@v${VERSION}`;
const DOWNLOAD_MS = 60_000;

export class NoServer extends ClientError {
  readonly code = 'no_temporal';
}

export interface Sources {
  cliPath?: string | undefined;
  searchPath?: string | undefined;
  cache: string;
  say: (line: string) => void;
  /** Aborts when the program is no longer needed. */
  signal?: AbortSignal | undefined;
  /** Replaced by tests. Default: the official download, and a build with Go. */
  download?: (folder: string) => Promise<string>;
  build?: (folder: string, sources: Pick<Sources, 'say' | 'signal'>) => Promise<void>;
}

const folderIn = (cache: string): string => path.join(cache, 'temporal', VERSION);

/** Finds a `temporal` program on this machine: the configured one, one on PATH, or one in the cache. */
export async function findTemporal({
  cliPath,
  searchPath = '',
  cache,
}: Pick<Sources, 'cliPath' | 'searchPath' | 'cache'>): Promise<string | undefined> {
  if (cliPath !== undefined) return (await runnable(cliPath)) ? cliPath : undefined;
  for (const folder of [...searchPath.split(path.delimiter).filter(Boolean), folderIn(cache)]) {
    if (await runnable(path.join(folder, 'temporal'))) return path.join(folder, 'temporal');
  }
  return undefined;
}

/** Finds the `temporal` program, or downloads or builds it. The slowest way comes last. */
export async function acquireTemporal(sources: Sources): Promise<string> {
  const { cliPath, cache, say, signal } = sources;
  const found = await findTemporal(sources);
  if (found !== undefined) return found;
  if (cliPath !== undefined) throw new NoServer(`TEMPORAL_CLI_PATH: expected a program; ${cliPath} is not one.`);

  const folder = folderIn(cache);
  const kept = path.join(folder, 'temporal');
  await mkdir(folder, { recursive: true });
  return soleOwner(
    path.join(folder, 'building.lock'),
    { say, waitingFor: 'another process that installs Temporal', signal },
    async () => {
      if (await runnable(kept)) return kept;
      const tried: string[] = [];
      for (const [name, get] of ways(sources)) {
        try {
          return await get(folder, kept);
        } catch (failure) {
          signal?.throwIfAborted();
          tried.push(`${name}: ${(failure as Error).message.split('\n', 1)[0]!.slice(0, 300)}`);
          say(`${name} failed; trying the next way`);
        }
      }
      throw new NoServer(
        [
          'Found no Temporal server. Do one of these: install the Temporal CLI (`temporal` on PATH, or',
          'TEMPORAL_CLI_PATH), install Go 1.25 or later, run `docker compose up`, or set TEMPORAL_ADDRESS.',
          ...tried,
        ].join('\n'),
      );
    },
  );
}

type Way = [name: string, get: (folder: string, kept: string) => Promise<string>];

const ways = ({ download = downloadOfficial, build = buildWithGo, say, signal }: Sources): Way[] => [
  [
    'The official download',
    async (folder, kept) => {
      say('downloading the Temporal CLI');
      await rename(await download(folder), kept);
      return kept;
    },
  ],
  [
    'Building with Go',
    async (folder, kept) => {
      const draft = path.join(folder, 'build');
      await build(draft, { say, signal });
      await rename(path.join(draft, 'temporal'), kept);
      return kept;
    },
  ],
];

/** Downloads the program as Temporal's SDK does for its test server, including the check of the download. */
async function downloadOfficial(folder: string): Promise<string> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const executable = { type: 'cached-download', downloadDir: folder } as const;
  const begun = TestWorkflowEnvironment.createLocal({ server: { executable } });
  const environment = await withLimit(begun, DOWNLOAD_MS).catch((failure: unknown) => {
    begun.then((late) => late.teardown()).catch(() => undefined); // stops a server that starts after the deadline
    throw failure;
  });
  await environment.teardown();
  const found = await newest(folder);
  if (!found) throw new Error('the download contains no program');
  return found;
}

async function newest(folder: string): Promise<string | undefined> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('temporal')).sort();
  const files = names.map((name) => path.join(folder, name));
  for (const file of files.reverse()) if (await runnable(file)) return file;
  return undefined;
}

const withLimit = <T>(work: Promise<T>, milliseconds: number): Promise<T> => {
  let clock: NodeJS.Timeout;
  const limit = new Promise<never>((_, reject) => {
    clock = setTimeout(() => reject(new Error(`no answer in ${milliseconds / 1_000} s`)), milliseconds);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(clock));
};

async function buildWithGo(folder: string, { say, signal }: Pick<Sources, 'say' | 'signal'>): Promise<void> {
  say(`building the Temporal CLI ${VERSION} with Go: this takes 2 to 5 minutes and about 2 GB, once`);
  const began = Date.now();
  const clock = setInterval(() => say(`still building, ${Math.round((Date.now() - began) / 1_000)} s so far`), 15_000);
  try {
    await execa('go', ['install', '-trimpath', '-ldflags=-s -w', MODULE], {
      env: { GOBIN: folder, CGO_ENABLED: '0' },
      stdin: 'ignore',
      ...(signal && { cancelSignal: signal }),
    });
  } finally {
    clearInterval(clock);
  }
}

const runnable = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
};
