import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { presence } from '../../../activities/adapters/processes/presence.ts';
import { readRows } from '../../../activities/adapters/state/reading.ts';
import { RunRows } from '../../../activities/adapters/state/runs.ts';
import { State } from '../../../activities/adapters/state/state.ts';
import type { Location } from '../../../activities/adapters/state/connecting.ts';
import { noteOf, parked } from '../../support/state/notes.ts';
import { now } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';

const ROWS = 5_000;
const READS = 20;

/** Measures how long it takes to read an inbox of 5,000 rows from an open SQLite database. */
export async function inbox(book: Book, say: (line: string) => void): Promise<void> {
  say(`reading an inbox of ${ROWS} rows`);
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-bench-inbox-'));
  const location: Location = { file: path.join(folder, 'state.db') };
  try {
    const state = new State(location, presence);
    const rows = new RunRows(state);
    for (let n = 0; n < ROWS; n += 1) await rows.write(noteOf(parked(`T-${n}`, n + 1)));
    await state.close();
    const reader = await readRows(location);
    const times: number[] = [];
    for (let read = 0; read < READS; read += 1) {
      const begun = now();
      const found = await reader.list({ waiting: true });
      times.push(now() - begun);
      if (found.length !== ROWS) throw new Error(`The inbox has ${found.length} rows instead of ${ROWS}.`);
    }
    await reader.close();
    book.add({ id: 'inbox', ...METRICS.inbox }, { gatehouse: figure([times]) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
