import { readdirSync, readFileSync } from 'node:fs';

/*
 * All that judges rules, words and gates without a sandbox or a server, in one file: what they import is loaded once for
 * every mutant, not once for each file of tests.
 */

const tests = new URL('../workflows/', import.meta.url);
/** These need the sandbox, where mutants are not switched. */
const SANDBOXED = /support\/(?:loud|playing|sandbox|walk|world)/;
/** A hook at the top of a file would be one of all files here. */
const HOOKED = /^(?:before|after)(?:All|Each)\(/m;

for (const name of readdirSync(tests, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!name.endsWith('.test.ts')) continue;
  const file = new URL(name, tests);
  const source = readFileSync(file, 'utf8');
  if (!SANDBOXED.test(source) && !HOOKED.test(source)) await import(file.pathname);
}
