// The build of a checkout, `dist/<key of its sources>/`. It is made when the command line is first used after a change.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Returns the folder of the build, after making the build if it does not exist. */
export async function checkoutBuild() {
  const folder = path.join(root, 'dist', sourceKey());
  if (existsSync(folder)) return folder;
  const { makeBuild } = await import('./bundles.mjs').catch((failure) => {
    if (failure.code !== 'ERR_MODULE_NOT_FOUND') throw failure;
    console.error('The libraries are not installed yet. Run: npm ci');
    process.exit(1);
  });
  console.error('building gatehouse from its sources: once after each change');
  await makeBuild(folder);
  return folder;
}

/** A key that changes with the name, size or time of any source. Reading their contents would be too slow. */
function sourceKey() {
  const files = ['package.json', 'package-lock.json', ...ROOMS.flatMap((room) => sourcesIn(room))].sort();
  const lines = files.map((file) => {
    const { size, mtimeMs } = statSync(root + file);
    return `${file} ${size} ${mtimeMs}`;
  });
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}

const ROOMS = ['activities', 'client', 'worker', 'workflows'];
/** The sample repository, which is copied and not built. */
const SAMPLE = 'client/local-stack/sample';

/** Lists the sources. Node's `recursive` option is several times slower. */
function sourcesIn(folder) {
  return readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return name === SAMPLE ? [] : sourcesIn(name);
    return /\.(ts|mjs)$/.test(name) ? [name] : [];
  });
}
