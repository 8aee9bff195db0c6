import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BUILDER = fileURLToPath(new URL('build-driver.mjs', import.meta.url));
let built: string | undefined;

/** Node's arguments for a build of the driver, as users run it: it starts several times as fast as its source. */
export const driverArguments = (): string[] => [
  (built ??= execFileSync(process.execPath, [BUILDER], { encoding: 'utf8', env: { PATH: process.env['PATH'] } })),
];
