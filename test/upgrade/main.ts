// `npm run upgrade-proof -- [--runs N] [--by version|queue]`: deploys three builds one after another while runs are
// parked, on PostgreSQL and a real Temporal server. Prints the results, and exits with 1 if one is wrong.
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { Cluster } from '../support/cluster/cluster.ts';
import { missed } from './judge.ts';
import { prove } from './proof.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '200' }, by: { type: 'string', default: 'version' } },
});
const runs = Number(values.runs);
const by = values.by;
if (!(runs >= 4 && runs <= 5_000) || (by !== 'version' && by !== 'queue')) {
  process.stderr.write('usage: npm run upgrade-proof -- [--runs 4..5000] [--by version|queue]\n');
  process.exit(2);
}

const began = Date.now();
const say = (line: string) =>
  void process.stderr.write(`${String(Math.round((Date.now() - began) / 1_000)).padStart(4)} s  ${line}\n`);
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
});
const cluster = await Cluster.start(say);
try {
  const { address, namespace } = cluster;
  const verdict = await prove({ address, namespace, by, runs, name: 'upgrade', say });
  const { temporal, postgres } = await cluster.versions();
  process.stdout.write(`Three builds by ${by}, Temporal ${temporal} on PostgreSQL ${postgres}, ${process.version}\n`);
  for (const [name, value] of Object.entries(verdict)) process.stdout.write(`${name.padEnd(20)}${value}\n`);
  const misses = missed(verdict);
  for (const miss of misses) process.stdout.write(`missed: ${miss}\n`);
  const reported = Object.entries(verdict).map(([name, value]) => `${name}=${value}`);
  process.stdout.write(`upgrade: ${reported.join(' ')} seconds=${Math.round((Date.now() - began) / 1_000)}\n`);
  process.exitCode = misses.length > 0 ? 1 : 0;
} finally {
  await cluster.remove();
}
