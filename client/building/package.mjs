// Makes `dist/package/` for `npm pack`: a build with types, the workflow bundles and the commit.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeBuild, root } from './bundles.mjs';

const folder = path.join(root, 'dist', 'package');
await rm(folder, { recursive: true, force: true });
await makeBuild(folder, async (draft) => {
  await Promise.all([types(path.join(draft, 'types')), workflowBundles(draft)]);
  const commit = commitOf();
  if (commit) await writeFile(path.join(draft, 'commit'), `${commit}\n`);
});

/** Makes the type declarations for other programs. Whether the types hold is for `npm run typecheck` to say. */
async function types(outDir) {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = path.join(root, 'client', 'building', 'tsconfig.json');
  const [code] = await once(
    spawn(process.execPath, [tsc, '--noCheck', '--project', project, '--outDir', outDir], { stdio: 'inherit' }),
    'exit',
  );
  if (code !== 0) throw new Error('The types cannot be made.');
}

/** Bundles the workflow code for each combination of worker options. The file names contain the hash of the sources. */
async function workflowBundles(draft) {
  const { workflowBundle } = await import(pathToFileURL(path.join(draft, 'bundle.js')).href);
  for (const encrypted of [false, true]) {
    for (const callStacks of [false, true]) await workflowBundle(draft, { encrypted, callStacks });
  }
}

/** The commit. A Docker image is built without the repository, and gets the commit from GATEHOUSE_COMMIT. */
function commitOf() {
  if (process.env.GATEHOUSE_COMMIT) return process.env.GATEHOUSE_COMMIT;
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], options).trim();
  } catch {
    return undefined;
  }
}
