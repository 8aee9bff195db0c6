import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { execa } from 'execa';

const run = promisify(execFile);

/**
 * Calls git as a script would, and returns its output. Each call has its own session, like ours, because a busy Linux
 * machine shares its processors by session.
 */
export const bareGit = async (cwd: string, ...args: string[]): Promise<string> =>
  (await execa('git', args, { cwd, detached: true })).stdout.trim();

/** Removes a tree with rm(1), because Node is slow with hundreds of thousands of files. */
export const removeTree = (folder: string): Promise<unknown> => run('rm', ['-rf', '--', folder]);

export interface Size {
  files: number;
  /** The number of commits after the first one, and the number of files that each of them rewrites. */
  commits: number;
  changes: number;
  bytes: number;
}

/** Returns a generator of text that compresses to no less than three quarters of its size. */
function texts() {
  const pool = Buffer.from(
    randomBytes(24 * 1_024 * 1_024)
      .toString('base64')
      .replace(/(.{76})/g, '$1\n'),
  );
  let at = 0;
  return (bytes: number) => {
    at = (at + 1_048_583) % (pool.length - bytes);
    return pool.subarray(at, at + bytes);
  };
}

const nameOf = (file: number) => `src/m${Math.floor(file / 100)}/f${file % 100}.txt`;

/**
 * Makes a repository with many files and a long history, and checks out its main branch. The last commit adds the `extra`
 * files.
 */
export async function makeLargeRepository(folder: string, size: Size, extra: Record<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  await bareGit(folder, 'init', '--quiet', '--initial-branch', 'main');
  const importing = spawn('git', ['-c', 'pack.compression=1', 'fast-import', '--quiet'], {
    cwd: folder,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(importing, 'exit') as Promise<[number | null]>;
  const text = texts();
  let file = 0;
  for (let commit = 0; commit <= size.commits; commit += 1) {
    const count = commit === 0 ? size.files : size.changes;
    const parts: (string | Buffer)[] = [headOf(commit)];
    for (let n = 0; n < count; n += 1) {
      parts.push(inline(nameOf(file), text(size.bytes)));
      file = (file + 1) % size.files;
    }
    if (commit === size.commits) {
      for (const [name, content] of Object.entries(extra)) parts.push(inline(name, Buffer.from(content)));
    }
    const all = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
    if (!importing.stdin.write(all)) await once(importing.stdin, 'drain');
  }
  importing.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}.`);
  await bareGit(folder, 'reset', '--quiet', '--hard', 'main');
}

const headOf = (commit: number) =>
  `commit refs/heads/main\ncommitter Ana <ana@shop.example> ${1_700_000_000 + commit * 600} +0000\ndata 6\ncommit\n`;

const inline = (name: string, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`M 100644 inline ${name}\ndata ${content.length}\n`), content, Buffer.from('\n')]);
