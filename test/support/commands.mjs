// Carries out commands of gatehouse one after another, in one process: most of a command's time is spent on loading it.
import { Buffer } from 'node:buffer';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkoutBuild } from '../../client/building/checkout.mjs';

const build = await checkoutBuild();
const { main } = await import(pathToFileURL(path.join(build, 'gatehouse.js')).href);

/** Collects what is written to a stream. Returns the text. */
function collect(stream) {
  const written = [];
  const { write } = stream;
  stream.write = (text, ...rest) => {
    written.push(Buffer.from(text));
    for (const each of rest) if (typeof each === 'function') each();
    return true;
  };
  return () => {
    stream.write = write;
    return Buffer.concat(written).toString();
  };
}

async function carryOut({ id, argv, env }) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = argv;
  const [stdout, stderr] = [collect(process.stdout), collect(process.stderr)];
  const code = await main(argv);
  process.send({ id, code: process.exitCode ?? code, stdout: stdout(), stderr: stderr() });
  process.exitCode = undefined;
}

let last = Promise.resolve();
process.on('message', (command) => (last = last.then(() => carryOut(command))));
