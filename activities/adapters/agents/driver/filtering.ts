import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { readBounded } from '../../files/reading.ts';
import { writeRecord } from '../../files/records.ts';
import { Redactor } from '../../settings/redacting.ts';

/** Larger than any valid result, in bytes. */
const RESULT_BYTES = 4_000_000;
/** How long the rest of the output is waited for once the command has ended, in milliseconds. */
const DRAIN_MS = 500;

interface Filtered {
  command: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Values of secrets by name. */
  secrets: Readonly<Record<string, string>>;
  /** The file for its standard input. */
  stdin: string;
  /** Where the command writes its result, and where it is expected. */
  result: { from: string; to: string };
  stdout: Writable;
  stderr: Writable;
}

/**
 * Runs a command of a repository, with its secrets removed from what it prints and from its result. Returns its exit code. It
 * stays in our process group, so whoever ends that ends it too.
 */
export async function filter({ command, cwd, env, stdin, ...options }: Filtered): Promise<number> {
  const child = spawn('/bin/sh', ['-c', command], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const code = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exit, signal) => resolve(exit ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  void code.then(() =>
    setTimeout(() => [child.stdout, child.stderr].forEach((pipe) => pipe.destroy()), DRAIN_MS).unref(),
  );
  child.stdin.on('error', () => undefined); // it need not read its input
  createReadStream(stdin)
    .on('error', () => child.stdin.end())
    .pipe(child.stdin);
  // Bytes, not characters: a command may print any encoding.
  const redactor = new Redactor(bytewise(options.secrets));
  await Promise.all([pass(child.stdout, options.stdout, redactor), pass(child.stderr, options.stderr, redactor), code]);
  await passResult(options.result, new Redactor(options.secrets));
  return code;
}

/** Texts whose characters are bytes. */
const bytewise = (secrets: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => [name, Buffer.from(value, 'utf8').toString('latin1')]),
  );

async function pass(from: Readable, to: Writable, redactor: Redactor): Promise<void> {
  const stream = redactor.stream();
  const write = (text: string) =>
    text === '' || to.write(text, 'latin1') ? undefined : new Promise((resolve) => to.once('drain', resolve));
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) await write(stream.push(chunk.toString('latin1')));
  } catch {
    // Something that the command left running holds the pipe.
  }
  await write(stream.end());
}

/** A result that is no file, or too long, is left for the executor to report. It is not copied. */
async function passResult({ from, to }: Filtered['result'], redactor: Redactor): Promise<void> {
  const found = await readBounded(from, RESULT_BYTES);
  if (found.is === 'none') return;
  if (found.is === 'odd') return writeRecord(to, `The result was ${found.what}.`);
  const text = found.bytes.toString('utf8');
  await writeRecord(to, redactor.text(text));
}
