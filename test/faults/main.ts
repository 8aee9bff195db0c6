// `npm run faults`: real processes, a real server with PostgreSQL behind it, and whatever may strike them.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { windows } from './kinds/windows.ts';
import { isGood, lastLine, table, type Outcome } from './report.ts';
import { Stage } from './stage.ts';

const USAGE = `npm run faults -- [--only <kind or case>]… [--lanes N] [--json]

Kinds: windows (every crash window of every method of every port, and every workflow task of the happy path).
A case is named as the report names it: forge.merge:W3, forge.merge, task:7.
`;

const { values, positionals } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
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
    say('ending everything that was started');
    void close().finally(() => process.exit(130));
  });
}

const outcomes: Outcome[] = [];
try {
  outcomes.push(
    ...(await windows(stage, { only: only.filter((each) => each !== 'windows'), lanes: Number(values.lanes) })),
  );
} finally {
  await close();
}

const bad = outcomes.filter(({ violations }) => violations.length > 0);
await writeFile(path.join(folder, 'outcomes.json'), JSON.stringify(outcomes, undefined, 1));
for (const { name, violations, kept } of bad) {
  say(`${name}: ${violations.map(({ invariant, text }) => `${invariant} ${text}`).join('; ')}`);
  say(`  alone: npm run faults -- --only ${name}   kept: ${kept ?? folder}`);
}
process.stdout.write(values.json ? `${JSON.stringify({ outcomes })}\n` : `${table(outcomes)}\n\n`);
if (!values.json) process.stdout.write(`${lastLine(outcomes)}\n`);
process.exit(isGood(outcomes) ? 0 : 1);
