import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { figure, type Book } from '../figures.ts';
import { METRICS, type MetricId } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import { processorMs } from '../processor.ts';
import type { Stage } from '../stage.ts';

const GATEHOUSE = fileURLToPath(new URL('../../../client/cli/gatehouse.mjs', import.meta.url));

const NOTHING = ['-e', '0'];

/**
 * Measures the processor time of commands, in turns with a floor. Each command is a separate process. For commands without
 * a server, the floor is an empty Node program. For loading, it is a bundle of Temporal's client. For `list`, it is that
 * client with the same query. `list` with an invalid status measures loading only, because it fails before the query.
 */
export async function cli({ cluster, say }: Stage, pace: Pace, book: Book): Promise<void> {
  const env = { TEMPORAL_ADDRESS: cluster.address, TEMPORAL_NAMESPACE: cluster.namespace, NODE_OPTIONS: '' };
  const client = await bundled('client', `import '@temporalio/client';`);
  const lister = await bundled('lister', LISTER);
  const pairs: [MetricId, floor: string[], words: string[]][] = [
    ['cli-help', NOTHING, ['--help']],
    ['cli-version', NOTHING, ['--version']],
    ['cli-completion', NOTHING, ['completion', 'bash']],
    ['cli-loading', [client], ['list', '--status', 'none']],
    ['cli-list', [lister], ['list']],
  ];
  for (const [id, bare, words] of pairs) {
    say(METRICS[id].title);
    const floor: number[][] = [];
    const gatehouse: number[][] = [];
    for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
      floor.push([]);
      gatehouse.push([]);
      for (let sample = 0; sample <= pace.starts; sample += 1) {
        const theirs = await processorMs(bare, { env });
        const ours = await processorMs([GATEHOUSE, ...words], { env });
        if (sample === 0) continue; // The first sample makes the build and fills the file cache.
        floor.at(-1)!.push(theirs);
        gatehouse.at(-1)!.push(ours);
      }
    }
    book.add({ id, ...METRICS[id] }, { floor: figure(floor), gatehouse: figure(gatehouse) });
  }
}

const LISTER = `
import { Client, Connection } from '@temporalio/client';
const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS });
const { workflow } = new Client({ connection, namespace: process.env.TEMPORAL_NAMESPACE });
for await (const { workflowId } of workflow.list({ query: 'WorkflowType = "pipelineRun"' })) console.log(workflowId);
await connection.close();
`;

/** A program that is bundled with its libraries into one minified file, like our own build. */
async function bundled(name: string, contents: string): Promise<string> {
  const outfile = path.resolve('build', 'bench', `${name}.mjs`);
  await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    outfile,
    platform: 'node',
    format: 'esm',
    target: 'node20.11',
    minify: true,
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return outfile;
}
