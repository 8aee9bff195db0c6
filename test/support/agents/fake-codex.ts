import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellWord } from '../../../workflows/contracts/text/quoting.ts';

const SCRIPT = fileURLToPath(new URL('fake-codex.mjs', import.meta.url));

/** Makes a folder with a `codex` that is a script (`fake-codex.mjs`). Returns a `PATH` that begins with it. */
export async function pathWithCodex(home: string): Promise<string> {
  const bin = path.join(home, 'bin');
  await mkdir(bin, { recursive: true });
  const exec = `exec ${shellWord(process.execPath)} ${shellWord(SCRIPT)} "$@"`;
  await writeFile(path.join(bin, 'codex'), `#!/bin/sh\n${exec}\n`, { mode: 0o755 });
  return `${bin}${path.delimiter}${process.env['PATH']}`;
}
