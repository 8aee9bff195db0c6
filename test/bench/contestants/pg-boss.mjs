// The way in which the original drives a run, on pg-boss with its default polling interval. One job drives a run until
// it parks or ends. An action updates the row of the run and enqueues the run again, with at most one live job per run.
// There are ten workers with one job each. Each step reads the row and writes it back if its revision is unchanged.
import { createRequire } from 'node:module';
import { Effects, many, now, pause } from './clock.mjs';

const require = createRequire(import.meta.url);
const PgBoss = require('pg-boss');
const { Pool } = require('pg');

const pace = JSON.parse(process.env.BENCH_PACE);
const say = (line) => process.send({ say: `pg-boss: ${line}` });
const connectionString = process.env.BENCH_DATABASE;
const QUEUE = 'execution.advance';
const WORKERS = 10;
/** The size of a storm. It is limited, because ten workers take ten jobs every two seconds. */
const STORM = Math.min(pace.storm, 200);

const effects = new Effects();
const pool = new Pool({ connectionString, max: 20 });
const boss = new PgBoss({ connectionString });
boss.on('error', (failure) => process.stderr.write(`${failure.stack}\n`));

await pool.query('create table runs (id text primary key, revision int not null, state jsonb not null)');
await boss.start();
await boss.createQueue(QUEUE, { name: QUEUE, policy: 'stately' });

const read = async (id) => (await pool.query('select revision, state from runs where id = $1', [id])).rows[0];
const write = (id, revision, state) =>
  pool.query('update runs set state = $3, revision = revision + 1 where id = $1 and revision = $2', [
    id,
    revision,
    state,
  ]);
const wake = (id) => boss.send(QUEUE, { id }, { singletonKey: id, retryLimit: 5, retryDelay: 30, retryBackoff: true });

/** Drives a run until it is parked or has ended. Each step causes an effect and writes the row of the run. */
async function drive(id) {
  for (;;) {
    const { revision, state } = await read(id);
    if (state.due === 0) return;
    effects.tell(id);
    state.times?.push(now());
    await write(id, revision, { ...state, due: state.due - 1, done: state.done + 1 });
    if (state.due === 1) effects.tell(`${id} over`);
  }
}

for (let worker = 0; worker < WORKERS; worker += 1) {
  await boss.work(QUEUE, async ([job]) => drive(job.data.id));
}

async function begin(id, due, more = {}) {
  await pool.query('insert into runs values ($1, 0, $2)', [id, { due, done: 0, ...more }]);
}

/** Acts on a run: reads its row, writes it back if its revision is unchanged, and enqueues the run. */
async function act(id) {
  const effect = effects.next(id);
  const begun = now();
  for (;;) {
    const { revision, state } = await read(id);
    const { rowCount } = await write(id, revision, { ...state, due: state.due + 1 });
    if (rowCount === 1) break;
  }
  await wake(id);
  const acknowledged = now() - begun;
  return { acknowledged, effect: (await effect) - begun };
}

/** Samples actions at intervals, each on a separate run, so the result is mostly the wait for the next poll. */
async function actions() {
  const count = pace.samples;
  await many(count, 20, (index) => begin(`act-${index}`, 0));
  const samples = [];
  const acts = [];
  for (let index = 0; index < count; index += 1) {
    acts.push(act(`act-${index}`).then((sample) => samples.push(sample)));
    await pause(200 + (200 * ((index * 7919) % 100)) / 100);
  }
  await Promise.all(acts);
  return samples;
}

async function steps() {
  const samples = [];
  for (let run = 0; run < 5; run += 1) {
    const id = `chain-${run}`;
    await begin(id, 11, { times: [] });
    const over = effects.next(`${id} over`);
    await wake(id);
    await over;
    const { state } = await read(id);
    samples.push(...state.times.slice(1).map((time, index) => time - state.times[index]));
  }
  return samples;
}

async function storm() {
  await many(STORM, 20, (index) => begin(`storm-${index}`, 0));
  const begun = now();
  await Promise.all(Array.from({ length: STORM }, (_, index) => act(`storm-${index}`)));
  return [(now() - begun) / 1_000];
}

say(`${pace.samples} actions, with a poll every 2 s`);
const samples = await actions();
say('steps');
const step = await steps();
say(`a storm of ${STORM} actions`);
const whole = await storm();
process.send({
  figures: {
    action: { raw: [samples.map(({ effect }) => effect)] },
    'acknowledged-signal': { raw: [samples.map(({ acknowledged }) => acknowledged)] },
    step: { raw: [step], note: 'plus 15 s until the job is polled' },
    storm: { raw: [whole], ...(STORM !== 1_000 && { note: `${STORM} actions` }) },
  },
});
await pause(200); // Gives the parent time to read the message.
process.exit(0);
