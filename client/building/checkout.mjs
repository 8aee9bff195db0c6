// The build of a checkout, `dist/<key of its sources>/`. It is made when the command line is first used after a change.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What npm has installed. A build contains the libraries, so it also changes with them. */
const INSTALLED = 'node_modules/.package-lock.json';
const DAY_MS = 86_400_000;

/** Returns the folder of the build, after making the build if it does not exist. */
export async function checkoutBuild() {
  if (!existsSync(root + INSTALLED)) {
    console.error('The libraries are not installed yet. Run: npm ci');
    process.exit(1);
  }
  const folder = path.join(root, 'dist', sourceKey());
  if (!existsSync(folder)) {
    const { makeBuild } = await import('./bundles.mjs');
    console.error('building gatehouse from its sources: once after each change');
    await makeBuild(folder);
  }
  markUsed(folder);
  setInterval(markUsed, DAY_MS, folder).unref();
  return folder;
}

/** Builds that were not used for a week are removed. A stack may run longer, and start its worker again from its build. */
function markUsed(folder) {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch {
    // Another user's checkout can be read only.
  }
}

/** A key that changes with the name, size or time of any source. Reading their contents would be too slow. */
export function sourceKey() {
  const files = ['package.json', INSTALLED, ...ROOMS.flatMap((room) => sourcesIn(room))].sort();
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
    return /\.(ts|mjs|js|css)$/.test(name) ? [name] : [];
  });
}
