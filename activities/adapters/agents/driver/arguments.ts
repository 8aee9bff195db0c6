import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(import.meta.url);

/** Node's arguments for the driver: a file of the build that runs, or its source. Jest replaces this by a build. */
export function driverArguments(): string[] {
  const folder = path.dirname(here);
  return here.endsWith('.ts')
    ? ['--import', pathToFileURL(createRequire(here).resolve('tsx')).href, path.join(folder, 'main.ts')]
    : [path.join(folder, 'agent.js')];
}
