import { readdirSync, readFileSync } from 'node:fs';

/*
 * All tests of rules, words and gates that need neither sandbox nor server, in one file. So their imports are loaded once
 * per mutant, not once per test file.
 */

const tests = new URL('../workflows/', import.meta.url);
/** These need the sandbox, where mutants are not switched. */
const SANDBOXED = /support\/(?:loud|playing|sandbox|walk|world)/;
/** It takes seconds of computation, for every mutant of the rules about sizes. They have tests of their own. */
const SLOW = 'rules/bounds.test.ts';
/** A top-level hook of one file would apply to all files here. */
const HOOKED = /^(?:before|after)(?:All|Each)\(/m;

for (const name of readdirSync(tests, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!name.endsWith('.test.ts') || name === SLOW) continue;
  const file = new URL(name, tests);
  const source = readFileSync(file, 'utf8');
  if (!SANDBOXED.test(source) && !HOOKED.test(source)) await import(file.pathname);
}
