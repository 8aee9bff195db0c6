// The same scenarios with DBOS, a library that runs in one process on the same PostgreSQL. A parked workflow waits for
// a message and then runs one step. A chain runs one step after another.
import { DBOS } from '@dbos-inc/dbos-sdk';
import { Effects, many, now, pause } from './clock.mjs';

const pace = JSON.parse(process.env.BENCH_PACE);
const say = (line) => process.send({ say: `DBOS: ${line}` });
const effects = new Effects();
const touch = (effect) => DBOS.runStep(async () => effects.tell(effect), { name: 'touch' });
const FOR_EVER = 30 * 24 * 3_600;

const parked = DBOS.registerWorkflow(
  async (name) => {
    await touch(`${name} parked`);
    for (;;) {
      const action = await DBOS.recv('act', FOR_EVER);
      if (action) await touch(name);
    }
  },
  { name: 'parked' },
);
const chain = DBOS.registerWorkflow(
  async (name, steps) => {
    const times = [];
    for (let step = 0; step < steps; step += 1) times.push(await DBOS.runStep(async () => now(), { name: 'touch' }));
    return times;
  },
  { name: 'chain' },
);

const names = [];
async function park(count) {
  const missing = Math.max(0, count - names.length);
  if (missing > 50) say(`parking ${missing} workflows`);
  const before = names.length;
  await many(missing, 40, async (index) => {
    const name = `dbos-${before + index}`;
    const ready = effects.next(`${name} parked`);
    await DBOS.startWorkflow(parked, { workflowID: name })(name);
    await ready;
    names.push(name);
  });
  await pause(500); // The effect is reported before the workflow begins to wait for a message.
}

async function act(name) {
  const effect = effects.next(name);
  const begun = now();
  await DBOS.send(name, { findings: 'The total lacks the tax.' }, 'act');
  const acknowledged = now() - begun;
  return { acknowledged, effect: (await effect) - begun };
}

async function actions() {
  await park(pace.pool);
  const samples = [];
  for (let turn = 0; turn < pace.warmUp + pace.samples; turn += 1) {
    const sample = await act(names[turn % pace.pool]);
    if (turn >= pace.warmUp) samples.push(sample);
    await pause(25);
  }
  return { action: samples.map(({ effect }) => effect), acknowledged: samples.map(({ acknowledged }) => acknowledged) };
}

async function steps(repetition) {
  const samples = [];
  for (let run = 0; run <= pace.stepRuns; run += 1) {
    const name = `chain-${repetition}-${run}`;
    const handle = await DBOS.startWorkflow(chain, { workflowID: name })(name, 11);
    const times = await handle.getResult();
    if (run > 0) samples.push(...times.slice(1).map((time, index) => time - times[index]));
  }
  return samples;
}

async function storm() {
  await park(pace.storm);
  const all = names.slice(0, pace.storm);
  const ends = all.map((name) => effects.next(name));
  const begun = now();
  await Promise.all(all.map((name) => DBOS.send(name, { findings: 'No tax.' }, 'act')));
  return [(Math.max(...(await Promise.all(ends))) - begun) / 1_000];
}

async function idle() {
  await park(pace.parked);
  await pause(pace.settleMs);
  const [cpu, begun] = [process.cpuUsage(), now()];
  await pause(pace.idleMs);
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (100 * (user + system)) / 1_000 / (now() - begun), memory: process.memoryUsage.rss() / 1e6 };
}

DBOS.setConfig({
  name: 'gatehouse-bench',
  systemDatabaseUrl: process.env.BENCH_DATABASE,
  runAdminServer: false,
  logLevel: 'error',
});
await DBOS.launch();
const raw = { action: [], acknowledged: [], step: [], storm: [] };
for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
  say(`repetition ${repetition + 1} of ${pace.repetitions}`);
  const { action, acknowledged } = await actions();
  raw.action.push(action);
  raw.acknowledged.push(acknowledged);
  raw.step.push(await steps(repetition));
  raw.storm.push(await storm());
}
say(`${pace.parked} parked workflows, idle`);
const { cpu, memory } = await idle();
process.send({
  figures: {
    action: { raw: raw.action },
    'acknowledged-signal': { raw: raw.acknowledged },
    step: { raw: raw.step },
    storm: { raw: raw.storm, ...(pace.storm !== 1_000 && { note: `${pace.storm} actions` }) },
    'parked-memory': { raw: [[memory]], note: 'all in memory' },
    'parked-cpu': { raw: [[cpu]] },
  },
});
await pause(200); // Gives the parent time to read the message.
process.exit(0);
