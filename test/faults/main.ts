// `npm run faults`: real processes, a real server on PostgreSQL, and injected faults.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { CROWDS, crowd, type CrowdName } from './kinds/crowds.ts';
import { lasting } from './kinds/lasting.ts';
import { machine } from './kinds/machine.ts';
import { MACHINES, machines } from './kinds/machines.ts';
import { local, windows } from './kinds/windows.ts';
import { isGood, lastLine, table, type Outcome } from './report.ts';
import { Stage } from './stage.ts';

const USAGE = `npm run faults -- [--only <kind or case>]… [--seed S] [--seeds N] [--quick] [--lanes N] [--actions N] [--runs N] [--json]

Kinds:
  windows   every crash window of every method of every port, and every workflow task of the happy path
  local     the most important windows, with the git and processes of this machine
  machine   the death of the worker before and after each git call and file write, a full disk, a slow disk, a missing repository
  machines  two machines on one PostgreSQL, and two containers on one data folder, killed, frozen and cut off at random. Needs root
            on Linux; machines:two-folders and machines:one-folder play one of them
  lasting   agents of 90 s through freezes, a cut connection and a kill of the server
  ${Object.keys(CROWDS).join(', ')}
            many runs and people under repeated faults

--seed S    repeats a crowd with the same random choices
--runs N    plays so many runs on the machines. Default: 200
--seeds N   plays N more crowds with random faults, beginning after seed S
--only also takes names of cases from the report, or their beginnings. * stands for anything:
forge.merge:W3, forge.merge, task:7, 'machine:*:full'.
`;

const { values, positionals } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    actions: { type: 'string' },
    runs: { type: 'string', default: '200' },
    seeds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    lanes: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const only = [...values.only, ...positionals];

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = path.join(root, 'build', 'faults', new Date().toISOString().replace(/\W/g, ''));
const began = Date.now();
const say = (line: string) =>
  void process.stderr.write(`${String(Math.round((Date.now() - began) / 1_000)).padStart(4)} s  ${line}\n`);

const stage = await Stage.open(say, folder);
let closing: Promise<void> | undefined;
const close = () => (closing ??= stage.close());
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    say('stopping everything');
    void close().finally(() => process.exit(130));
  });
}

const isCrowd = (name: string): name is CrowdName => name in CROWDS;
const isOf = (kind: string) => (name: string) => name === kind || name.startsWith(`${kind}:`);
const [isLocal, isMachine, isMachines] = [isOf('local'), isOf('machine'), isOf('machines')];
const isNamed = (name: string) =>
  isCrowd(name) || isLocal(name) || isMachine(name) || isMachines(name) || ['windows', 'lasting'].includes(name);
const cases = only.filter((name) => !isNamed(name));
const wantsWindows = only.length === 0 || cases.length > 0 || only.includes('windows');
const crowds = only.length === 0 ? (Object.keys(CROWDS) as CrowdName[]) : only.filter(isCrowd);

const outcomes: Outcome[] = [];
try {
  if (wantsWindows) outcomes.push(...(await windows(stage, { only: cases, lanes: Number(values.lanes) })));
  if (only.length === 0 || only.some(isLocal)) {
    outcomes.push(...(await local(stage, { only: only.filter((name) => name.startsWith('local:')), lanes: 4 })));
  }
  if (only.length === 0 || only.some(isMachine)) {
    outcomes.push(...(await machine(stage, { only: only.filter((name) => name.startsWith('machine:')), lanes: 3 })));
  }
  for (const name of MACHINES.filter((each) => only.includes('machines') || only.includes(`machines:${each}`))) {
    outcomes.push(await machines(stage, name, { seed: Number(values.seed), runs: Number(values.runs) }));
  }
  if (only.length === 0 || only.includes('lasting')) outcomes.push(await lasting(stage));
  for (const name of crowds) {
    const size = { seed: Number(values.seed), part: values.quick ? 0.1 : 1 };
    outcomes.push(await crowd(stage, name, { ...size, ...(values.actions && { actions: Number(values.actions) }) }));
  }
  for (let more = 1; more <= Number(values.seeds ?? 0); more += 1) {
    outcomes.push(await crowd(stage, 'random', { seed: Number(values.seed) + more, part: values.quick ? 0.2 : 1 }));
  }
} finally {
  await close();
}

const bad = outcomes.filter(({ violations }) => violations.length > 0);
await writeFile(path.join(folder, 'outcomes.json'), JSON.stringify(outcomes, undefined, 1));
for (const { name, note } of outcomes) if (note?.includes(' ')) say(`${name}: ${note}`);
for (const { name, violations, kept } of bad) {
  say(
    `${name}: ${violations
      .slice(0, 20)
      .map(({ invariant, text }) => `${invariant} ${text}`)
      .join('; ')}`,
  );
  say(`  alone: npm run faults -- --only ${name}   kept: ${kept ?? folder}`);
}
process.stdout.write(values.json ? `${JSON.stringify({ outcomes })}\n` : `${table(outcomes)}\n\n`);
if (!values.json) process.stdout.write(`${lastLine(outcomes)}\n`);
process.exit(isGood(outcomes) ? 0 : 1);
