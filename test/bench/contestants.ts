import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { figure, type Book, type Who } from './figures.ts';
import { METRICS, type MetricId } from './metrics.ts';
import type { Pace } from './pace.ts';
import type { Stage } from './stage.ts';

const HOME = fileURLToPath(new URL('./contestants', import.meta.url));
/** How long a contestant may take for everything, in milliseconds. After that it counts as stuck. */
const TIMEOUT_MS = 900_000;

export type Contestant = Exclude<Who, 'floor' | 'gatehouse'>;
const PACKAGES: Record<Contestant, string> = { dbos: '@dbos-inc/dbos-sdk', 'pg-boss': 'pg-boss' };
export const contestants = Object.keys(PACKAGES) as Contestant[];

/** The reason why a contestant cannot run here. Contestants are not part of `npm install`. */
export async function absence(who: Contestant): Promise<string | undefined> {
  return access(path.join(HOME, 'node_modules', PACKAGES[who])).then(
    () => undefined,
    () => 'not installed: npm run bench -- --install',
  );
}

export async function install(): Promise<void> {
  await execa('npm', ['ci', '--omit-lockfile-registry-resolved', '--no-audit', '--no-fund'], {
    cwd: HOME,
    stderr: 'inherit',
  });
}

interface Said {
  say?: string;
  figures?: Partial<Record<MetricId, { raw: number[][]; note?: string }>>;
}

/** Runs a contestant through the same scenarios on the same PostgreSQL, in a separate database. */
export async function contend(who: Contestant, stage: Stage, pace: Pace, book: Book): Promise<void> {
  const { postgres } = stage.cluster;
  const database = `bench_${who.replace('-', '_')}`;
  await postgres.query(`create database ${database}`, 'postgres');
  const log = openSync(path.join(stage.logs, `${who}.log`), 'a');
  const child = fork(path.join(HOME, `${who}.mjs`), {
    env: { ...process.env, BENCH_DATABASE: postgres.url(database), BENCH_PACE: JSON.stringify(pace) },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const clock = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  try {
    const figures = await new Promise<Said['figures']>((resolve, reject) => {
      child.on('message', ({ say, figures: brought }: Said) => {
        if (say) stage.say(say);
        if (brought) resolve(brought);
      });
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${who} ended (${code}): see ${stage.logs}/${who}.log`)));
    });
    for (const [id, brought] of Object.entries(figures ?? {}) as [MetricId, { raw: number[][]; note?: string }][]) {
      book.add({ id, ...METRICS[id] }, { [who]: figure(brought.raw, brought.note) });
    }
  } finally {
    clearTimeout(clock);
    child.kill('SIGKILL');
  }
}
