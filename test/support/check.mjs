// `npm run check`: types, lint and format in one lane, the tests in another. `npm run check:fast` does as much of it as fits
// into a minute: the tables of the rules, the stories of the gates, and those tests of what differs from main that are quick.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fast = process.argv.includes('fast');
const began = Date.now();
const seconds = () => Math.round((Date.now() - began) / 1_000);

/** Runs a script of package.json. What it says is shown at once, or only if it fails. */
function run(script, args = [], { quiet = false } = {}) {
  const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'];
  const child = spawn('npm', ['run', '--silent', script, '--', ...args], { cwd: root, stdio });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (said += String(data)));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      if (quiet && code !== 0) process.stderr.write(`${said}\n`);
      resolve({ script, ok: code === 0, said });
    });
  });
}

/** One after another. */
async function lane(...steps) {
  const results = [];
  for (const step of steps) results.push(await step());
  return results;
}

/** Those that would take minutes, and prove what lies outside of this process. */
const SLOW =
  /test\/(?:e2e|replay|security|activities\/adapters|client\/(?:local-stack|offline)|worker)\/|sdk-contract|walk/;

/** The rules and gates, and what main has otherwise. */
async function changed() {
  const { said } = await run('jest', ['--listTests', '--changedSince', 'main'], { quiet: true });
  const files = said.split('\n').filter((file) => file.startsWith(root) && !SLOW.test(file));
  return run('jest', ['--testPathPatterns', 'test/workflows/(rules|words|gates)/', ...files]);
}

const quietly = (script) => () => run(script, [], { quiet: true });
const results = (
  await Promise.all(
    fast
      ? [lane(quietly('typecheck'), quietly('lint:fast')), lane(changed)]
      : [lane(quietly('typecheck'), quietly('lint'), quietly('format:check')), lane(() => run('jest'))],
  )
).flat();
const failed = results.filter(({ ok }) => !ok).map(({ script }) => script);
process.stderr.write(`${failed.length === 0 ? 'all is well' : `failed: ${failed.join(', ')}`}, in ${seconds()} s\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
