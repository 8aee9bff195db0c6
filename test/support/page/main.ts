import { access } from 'node:fs/promises';
import { execa } from 'execa';

/** Where Debian and others have Chromium. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** `npm run test:page`: runs the tests of the page in a browser. Arguments are added to jest's. */
const program = (await found()) ?? (await installed());
const matching = ['--testMatch', '**/test/page/*.real.ts', ...process.argv.slice(2)];
const { exitCode } = await execa('npm', ['run', '--silent', 'jest', '--', ...matching], {
  env: { GATEHOUSE_TEST_CHROMIUM: program },
  stdio: 'inherit',
  reject: false,
});
process.exitCode = exitCode ?? 1;

async function found(): Promise<string | undefined> {
  for (const place of PLACES) {
    const isThere = await access(place).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return undefined;
}

/** Installs Debian's Chromium. Throws with what to install if it cannot. */
async function installed(): Promise<string> {
  process.stdout.write('no Chromium on this machine: installing it\n');
  await execa('apt-get', ['update', '-qq'], { reject: false });
  const { failed, stderr } = await execa('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium'], {
    reject: false,
  });
  const program = failed ? undefined : await found();
  if (program === undefined)
    throw new Error(`Chromium could not be installed (Debian: apt install chromium). ${stderr.slice(-500)}`);
  return program;
}
