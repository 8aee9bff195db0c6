import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import getPort from 'get-port';
import { found } from '../../../workflows/contracts/bad-fields.ts';
import { BUILT_IN } from '../../../workflows/contracts/pipelines.ts';
import { readConfig, type ClientConfig } from '../../config.ts';
import { connect } from '../../connection.ts';
import { takeAll, type Taken } from '../../local-stack/pipelines.ts';
import { startStack } from '../../local-stack/stack.ts';
import { Runs } from '../../runs.ts';
import type { Called } from '../called.ts';
import { EXIT, Usage } from '../exit-codes.ts';
import { print, say } from '../output.ts';
import { stopped, untilStopped } from '../stopping.ts';

const LOG_CHARACTERS = 4_000;

/** The command of `npm run pipelines`: runs every built-in pipeline on the sample shop, on a separate stack. */
export async function pipelines({ options: { only }, json }: Called<[], { only?: string[] }>): Promise<number> {
  const names = namesOf(only);
  const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-pipelines-'));
  try {
    const taken = await onOwnStack(home, names);
    if (taken) print(json, taken, tableOf);
    return taken?.every(({ because }) => because === undefined) ? EXIT.done : EXIT.failed;
  } catch (failure) {
    // Prints the end of the worker's log, because the log is about to be removed.
    const log = await readFile(path.join(home, 'data', 'logs', 'worker.log'), 'utf8').catch(() => '');
    if (log) say(log.slice(-LOG_CHARACTERS));
    throw failure;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function namesOf(only: string[] | undefined): string[] {
  const all = Object.keys(BUILT_IN);
  const unknown = only?.filter((name) => !all.includes(name)) ?? [];
  if (unknown.length > 0)
    throw new Usage(`--only: expected some of ${all.join(', ')}, found ${found(unknown.join(', '))}`);
  return all.filter((name) => only?.includes(name) ?? true);
}

/** Starts a stack, runs the pipelines on it, and stops it. Returns undefined if it was stopped before it was up. */
async function onOwnStack(home: string, names: string[]): Promise<Taken[] | undefined> {
  const config = await ownConfig(path.join(home, 'data'));
  const up = await untilStopped((stop) => startStack(config, say, stop));
  if (!up) return undefined;
  try {
    const client = await connect(config);
    try {
      const runs = new Runs(client, config.variables.GATEHOUSE_TASK_QUEUE);
      return await takeAll(names, { runs, home: path.join(home, 'shops'), say, signal: up.signal });
    } finally {
      await client.connection.close();
    }
  } finally {
    await stopped(up.stack);
  }
}

/** The configuration of a separate stack. It ignores the settings of the user's own stack. */
async function ownConfig(data: string): Promise<ClientConfig> {
  const { environment } = readConfig();
  const kept = Object.entries(environment).filter(([name]) => !/^(GATEHOUSE|TEMPORAL)_(?!CLI_PATH$)/.test(name));
  const [port, uiPort] = [await getPort({ host: '127.0.0.1' }), await getPort({ host: '127.0.0.1' })];
  return readConfig({
    SAMPLE_PACE_MS: '0',
    ...Object.fromEntries(kept),
    GATEHOUSE_DATA: data,
    GATEHOUSE_PORT: String(port),
    GATEHOUSE_UI_PORT: String(uiPort),
  });
}

const HEAD = ['pipeline', 'outcome', 'steps', 'events', 'bytes', 'seconds'] as const;

const textOf = (taken: Taken, name: (typeof HEAD)[number]): string =>
  name === 'seconds' ? taken.seconds.toFixed(1) : String(taken[name]);

/** A table for people, followed by everything that was not as expected. */
export function tableOf(taken: readonly Taken[]): string {
  const rows = [HEAD, ...taken.map((each) => HEAD.map((name) => textOf(each, name)))];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '),
  );
  const wrong = taken.filter(({ because }) => because !== undefined);
  const end =
    wrong.length === 0 ? ['Everything went as expected.'] : wrong.map((each) => `${each.pipeline}: ${each.because}`);
  return [...lines, '', ...end].join('\n');
}
