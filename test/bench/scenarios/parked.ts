import { pause } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Stage } from '../stage.ts';
import { cpuMsOf } from '../machine.ts';

/**
 * Measures thousands of idle runs that wait for a person, more than the worker keeps in memory: the memory, the database
 * size and the processor time that they cost.
 */
export async function parked(stage: Stage, pace: Pace, book: Book): Promise<void> {
  const before = (await stage.parked(0)).length;
  const sizeBefore = await databaseBytes(stage);
  await stage.parked(pace.parked);
  const perRun = ((await databaseBytes(stage)) - sizeBefore) / (pace.parked - before) / 1_000;

  stage.say(`${pace.parked} runs are parked; nothing happens for ${(pace.settleMs + pace.idleMs) / 1_000} s`);
  await pause(pace.settleMs);
  const [begun, serverBegun] = [await stage.gatehouse.usage(), await cpuMsOf(stage.cluster.temporal.pid)];
  await pause(pace.idleMs);
  const [ended, serverEnded] = [await stage.gatehouse.usage(), await cpuMsOf(stage.cluster.temporal.pid)];

  const elapsed = ended.at - begun.at;
  const note = pace.parked === 5_000 ? undefined : `${pace.parked} runs`;
  const add = (id: 'parked-memory' | 'parked-cpu' | 'parked-server' | 'parked-database', value: number) =>
    book.add({ id, ...METRICS[id] }, { gatehouse: figure([[value]], note) });
  add('parked-memory', ended.rssBytes / 1e6);
  add('parked-cpu', (100 * (ended.cpuMs - begun.cpuMs)) / elapsed);
  if (serverBegun !== undefined && serverEnded !== undefined) {
    add('parked-server', (100 * (serverEnded - serverBegun)) / elapsed);
  }
  if (perRun > 0) add('parked-database', perRun);
}

/** The size of both of the server's databases on disk, including indexes. */
async function databaseBytes({ cluster }: Stage): Promise<number> {
  const sizes = "select sum(pg_database_size(datname)) from pg_database where datname like 'temporal%'";
  return Number(await cluster.postgres.query(sizes));
}
