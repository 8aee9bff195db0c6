import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundlePath } from '@temporalio/worker';
import { writeBundle } from '../../worker/configuration/bundling.ts';
import { keptBundle } from '../support/bundles.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A change of the sources: replaces a text in a file. */
export type Change = [file: string, from: string, to: string];

/**
 * Three consecutive builds. In every gate at which the test parks, the second build makes more inspections than the first,
 * in another order, before it asks a person. The third build has the order of the first, but starts the watches of a park
 * in another order.
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
      'step/people/park.ts',
      `  const head = begin(answersFirst ? watchingHead : watching, 'branch', watchHead(scope, events));
  void head.then(() => (ended.head = true));
  void begin(watching, 'environment', watchEnvironment(scope, events, back));
  if (type) void begin(watching, 'clock', watchClock(scope, visit, type));
`,
      `  if (type) void begin(watching, 'clock', watchClock(scope, visit, type));
  void begin(watching, 'environment', watchEnvironment(scope, events, back));
  const head = begin(answersFirst ? watchingHead : watching, 'branch', watchHead(scope, events));
  void head.then(() => (ended.head = true));
`,
    ],
  ],
];

/** Bundles the workflow code of each build, from temporary copies of the sources, and keeps the bundles. */
export async function bundles(): Promise<WorkflowBundlePath[]> {
  const made: WorkflowBundlePath[] = [];
  for (const changes of BUILDS) made.push({ codePath: await changedBundle(changes) });
  return made;
}

/** The bundle of the sources with these changes. It is kept next to the bundle of the sources, under the hash of both. */
export async function changedBundle(changes: Change[]): Promise<string> {
  const current = await keptBundle();
  if (changes.length === 0) return current;
  const hash = createHash('sha256').update(path.basename(current)).update(JSON.stringify(changes)).digest('hex');
  const codePath = path.join(path.dirname(current), `changed-${hash.slice(0, 24)}.cjs`);
  return existsSync(codePath) ? codePath : writeBundle(codePath, await bundle(changes));
}

async function bundle(changes: Change[]): Promise<string> {
  // The copy is inside the project, so that its imports are found.
  const home = await mkdtemp(path.join(root, '.upgrade-'));
  try {
    const workflows = path.join(home, 'workflows');
    await cp(path.join(root, 'workflows'), workflows, { recursive: true });
    for (const [file, from, to] of changes) {
      const place = path.join(workflows, file);
      const text = await readFile(place, 'utf8');
      if (!text.includes(from)) throw new Error(`The change of ${file} no longer applies: ${from}`);
      await writeFile(place, text.replace(from, to));
    }
    const { code } = await bundleWorkflowCode({
      workflowsPath: path.join(workflows, 'temporal', 'entry.ts'),
      preloadModules: ['untraced.ts', 'preloading.ts'].map((name) => path.join(workflows, 'temporal', name)),
      payloadConverterPath: path.join(workflows, 'temporal', 'payload-converter.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    return code;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
