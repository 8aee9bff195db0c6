// `npm run check` runs types, lint and format in one lane, and the tests in another. `npm run check:fast` runs what
// fits into a minute: the tests of the rules, texts and gates, and the quick ones among those that differ from main.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fast = process.argv.includes('fast');
const began = Date.now();
const seconds = () => Math.round((Date.now() - began) / 1_000);

const children = new Set();
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopping = true;
    for (const child of children) child.kill(signal);
  });
}

/** Runs a script of package.json. With `quiet`, its output is shown only if it fails. */
function run(script, args = [], { quiet = false } = {}) {
  const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'];
  if (stopping) return Promise.resolve({ script, ok: false, said: '' });
  const child = spawn('npm', ['run', '--silent', script, '--', ...args], { cwd: root, stdio });
  children.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (said += String(data)));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      children.delete(child);
      if (quiet && code !== 0) process.stderr.write(`${said}\n`);
      resolve({ script, ok: code === 0, said });
    });
  });
}

/** Runs the steps one after another. */
async function lane(...steps) {
  const results = [];
  for (const step of steps) results.push(await step());
  return results;
}

/** Tests that take minutes, and test more than this process. */
const SLOW =
  /test\/(?:e2e|replay|security|activities\/adapters|client\/(?:local-stack|offline)|worker)\/|sdk-contract|walk/;

/** Tests the rules, texts and gates, and what differs from main. */
async function changed() {
  const { said, ok } = await run('jest', ['--listTests', '--changedSince', 'main'], { quiet: true });
  if (!ok) return { script: 'jest', ok, said };
  const files = said.split('\n').filter((file) => file.startsWith(root) && !SLOW.test(file.slice(root.length)));
  return run('jest', ['--testPathPatterns', 'test/workflows/(rules|words|gates)/', ...files]);
}

const quietly = (script) => () => run(script, [], { quiet: true });
const results = (
  await Promise.all(
    fast
      ? [lane(quietly('typecheck'), quietly('lint:fast')), lane(changed)]
      : [lane(quietly('typecheck'), quietly('lint:fast'), quietly('format:check')), lane(() => run('jest'))],
  )
).flat();
const failed = results.filter(({ ok }) => !ok).map(({ script }) => script);
if (!fast)
  process.stderr.write('left out: the tests against a real Gitea, which is built with Go once (npm run test:forges)\n');
process.stderr.write(`${failed.length === 0 ? 'all is well' : `failed: ${failed.join(', ')}`}, in ${seconds()} s\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
