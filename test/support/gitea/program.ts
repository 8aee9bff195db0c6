import { access, constants, copyFile, cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readConfig } from '../../../client/config.ts';
import { soleOwner } from '../../../client/local-stack/locking.ts';

/** The version that `go.mod` of this folder names. */
export const GITEA_VERSION = '1.26.0';
const MODULE = 'code.gitea.io/gitea';
const HERE = fileURLToPath(new URL('.', import.meta.url));
/** What the program reads from its own sources at run time. */
const READS = ['options', 'templates', 'public'];

export interface GiteaProgram {
  /** The file to run. */
  file: string;
  /** The folder of the files that it reads (`STATIC_ROOT_PATH`). */
  files: string;
}

const folderIn = (cache: string): string => path.join(cache, 'gitea', GITEA_VERSION);
const programIn = (folder: string): GiteaProgram => ({ file: path.join(folder, 'gitea'), files: folder });

/** The program, if it was built on this machine before. */
export async function builtGitea(cache = readConfig().cache): Promise<GiteaProgram | undefined> {
  const program = programIn(folderIn(cache));
  return access(program.file, constants.X_OK).then(
    () => program,
    () => undefined,
  );
}

/**
 * Builds Gitea from its Go module, unless it is in the cache. This needs Go, a C compiler and about 10 minutes, once: Gitea's
 * own downloads are no release that a test could check. Throws if it cannot be built.
 */
export async function buildGitea(say: (line: string) => void, cache = readConfig().cache): Promise<GiteaProgram> {
  const there = await builtGitea(cache);
  if (there !== undefined) return there;
  const folder = folderIn(cache);
  await mkdir(path.dirname(folder), { recursive: true });
  return soleOwner(`${folder}.lock`, { say, waitingFor: 'another process that builds Gitea' }, async () => {
    const done = await builtGitea(cache);
    if (done !== undefined) return done;
    say(`building Gitea ${GITEA_VERSION} with Go: this takes 5 to 15 minutes and about 5 GB, once`);
    const draft = await mkdtemp(`${folder}-draft-`);
    try {
      await build(draft, say);
      await rm(folder, { recursive: true, force: true });
      await rename(draft, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    return programIn(folder);
  });
}

async function build(folder: string, say: (line: string) => void): Promise<void> {
  const began = Date.now();
  const clock = setInterval(() => say(`still building, ${Math.round((Date.now() - began) / 1_000)} s so far`), 30_000);
  try {
    for (const name of ['go.mod', 'go.sum']) await copyFile(path.join(HERE, name), path.join(folder, name));
    const go = { cwd: folder, env: { CGO_ENABLED: '1' }, stdin: 'ignore' } as const;
    const flags = ['-tags', 'sqlite sqlite_unlock_notify', '-ldflags', `-s -w -X main.Version=${GITEA_VERSION}`];
    await execa('go', ['build', ...flags, '-o', 'gitea', MODULE], go);
    const { stdout: sources } = await execa('go', ['list', '-m', '-f', '{{.Dir}}', MODULE], go);
    for (const name of READS) await cp(path.join(sources, name), path.join(folder, name), { recursive: true });
    // The module cache is read only, and so are copies of its folders.
    await execa('chmod', ['-R', 'u+w', folder]);
  } catch (failure) {
    const why = (failure as Error).message.split('\n').slice(0, 3).join(' ');
    throw new Error(`Gitea could not be built; install Go 1.26 or later, and gcc. ${why}`, { cause: failure });
  } finally {
    clearInterval(clock);
  }
}
