import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from '@temporalio/worker';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One change of the sources: in this file, this text becomes that. */
type Change = [file: string, from: string, to: string];

/**
 * Three builds in a row. The second looks at more than the first, and in another order, before it asks a person, in every
 * gate that the proof parks at; the third is in the first's order again, and begins its watch over a park with the clock.
 */
const BUILDS: Change[][] = [
  [],
  [
    [
      'gates/human-test.ts',
      'if (!back) await build(ctx, fixes);',
      `if (!back) {
        await ctx.base.mergeability({ phase: 'probing', waitingOn: 'forge', detail: 'Whether it merges at all' });
        await build(ctx, fixes);
      }`,
    ],
    [
      'gates/agent.ts',
      '          const end = await work(ctx, spec);',
      `          await ctx.activities.protectedPaths({ change: ctx.change(), head: ctx.change().basis, globs: [] });
          const end = await work(ctx, spec);`,
    ],
    ['gates/agent.ts', `const USES = [`, `const USES = ['activities', `],
    ['gates/review.ts', `uses: ['failedEffect', 'stop']`, `uses: ['activities', 'failedEffect', 'stop']`],
    [
      'gates/review.ts',
      '      let back = ctx.resumed(Kept);',
      `      let back = ctx.resumed(Kept);
      if (!back) await ctx.activities.protectedPaths({ change: ctx.change(), head: ctx.change().basis, globs: [] });`,
    ],
    [
      'gates/merger.ts',
      '    const good = await stillGood(ctx);',
      `    await ctx.activities.protectedPaths({ change: ctx.change(), head: ctx.head()!, globs: [] });
    const good = await stillGood(ctx);`,
    ],
  ],
  [
    [
      'step/park.ts',
      `  const head = begin(answersFirst ? watchingHead : watching, 'branch', watchHead(scope, events));
  void head.then(() => (ended.head = true));
  void begin(watching, 'environment', watchEnvironment(scope, events, back));
  void begin(watching, 'clock', watchClock(scope, visit, type));
`,
      `  void begin(watching, 'clock', watchClock(scope, visit, type));
  void begin(watching, 'environment', watchEnvironment(scope, events, back));
  const head = begin(answersFirst ? watchingHead : watching, 'branch', watchHead(scope, events));
  void head.then(() => (ended.head = true));
`,
    ],
  ],
];

/** Bundles the workflow code of each build, from copies of the sources that are gone afterwards. */
export async function bundles(): Promise<WorkflowBundle[]> {
  const made: WorkflowBundle[] = [];
  for (const changes of BUILDS) made.push(await bundle(changes));
  return made;
}

async function bundle(changes: Change[]): Promise<WorkflowBundle> {
  // Beside the sources: what they import is found from there.
  const home = await mkdtemp(path.join(root, '.upgrade-'));
  try {
    const workflows = path.join(home, 'workflows');
    await cp(path.join(root, 'workflows'), workflows, { recursive: true });
    for (const [file, from, to] of changes) {
      const place = path.join(workflows, file);
      const text = await readFile(place, 'utf8');
      if (!text.includes(from)) throw new Error(`The proof's change of ${file} does not apply any more: ${from}`);
      await writeFile(place, text.replace(from, to));
    }
    return await bundleWorkflowCode({
      workflowsPath: path.join(workflows, 'temporal', 'entry.ts'),
      preloadModules: ['untraced.ts', 'preloading.ts'].map((name) => path.join(workflows, 'temporal', name)),
      payloadConverterPath: path.join(workflows, 'temporal', 'payload-converter.ts'),
      logger: new DefaultLogger('ERROR'),
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
