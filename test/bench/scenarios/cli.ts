import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';
import { figure, type Book } from '../figures.ts';
import { METRICS, type MetricId } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Stage } from '../stage.ts';

const GATEHOUSE = fileURLToPath(new URL('../../../client/cli/gatehouse.mjs', import.meta.url));

/** Node doing nothing, and a command of ours that needs no server. */
const LIGHT: Partial<Record<MetricId, string[]>> = {
  'cli-help': ['--help'],
  'cli-version': ['--version'],
  'cli-completion': ['completion', 'bash'],
};

/**
 * The processor time of commands. Where no server is needed, the floor is Node doing nothing. Where one is, the floor is
 * Node loading Temporal's client as one file, which asks the server nothing. In turns, each in a process of its own.
 */
export async function cli({ cluster, say }: Stage, pace: Pace, book: Book): Promise<void> {
  const environment = { TEMPORAL_ADDRESS: cluster.address, TEMPORAL_NAMESPACE: cluster.namespace, NODE_OPTIONS: '' };
  const client = await bundledClient();
  const pairs: [MetricId, string[], string[]][] = [
    ...Object.entries(LIGHT).map(([id, words]): [MetricId, string[], string[]] => [
      id as MetricId,
      ['-e', '0'],
      [GATEHOUSE, ...words],
    ]),
    ['cli-list', [client], [GATEHOUSE, 'list']],
  ];
  for (const [id, theirs, ours] of pairs) {
    say(`command line: ${METRICS[id].title}`);
    const floor: number[][] = [];
    const gatehouse: number[][] = [];
    for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
      floor.push([]);
      gatehouse.push([]);
      for (let sample = 0; sample <= pace.starts; sample += 1) {
        const [bare, whole] = [await processorMs(theirs, environment), await processorMs(ours, environment)];
        if (sample === 0) continue; // the build is made, and the disk's cache is warm
        floor.at(-1)!.push(bare);
        gatehouse.at(-1)!.push(whole);
      }
    }
    book.add({ id, ...METRICS[id] }, { floor: figure(floor), gatehouse: figure(gatehouse) });
  }
}

/** Temporal's client in one file, as a build of ours has it. */
async function bundledClient(): Promise<string> {
  const folder = path.resolve('build', 'bench');
  await mkdir(folder, { recursive: true });
  const outfile = path.join(folder, 'client.mjs');
  await build({
    stdin: { contents: `import '@temporalio/client';`, resolveDir: process.cwd() },
    bundle: true,
    outfile,
    platform: 'node',
    format: 'esm',
    target: 'node20.11',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return outfile;
}

/** What Node takes for these arguments, user and system time together, as bash reports it. */
async function processorMs(args: readonly string[], env: Record<string, string>): Promise<number> {
  const script = `TIMEFORMAT='%3U %3S'; time "$@" > /dev/null`;
  const { stderr } = await execa('bash', ['-c', script, 'bash', process.execPath, ...args], { env });
  const seconds = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  return Math.round(seconds.reduce((sum, each) => sum + each, 0) * 1_000);
}
