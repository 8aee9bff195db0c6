import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { root } from '../../worker/configuration/package-files.ts';

const SOURCE = path.join(root, 'client', 'local-stack', 'sample');

/** The authors in the sample's history. */
const as = (name: string) => ({
  GIT_AUTHOR_NAME: name,
  GIT_AUTHOR_EMAIL: `${name.toLowerCase()}@shop.example`,
  GIT_COMMITTER_NAME: name,
  GIT_COMMITTER_EMAIL: `${name.toLowerCase()}@shop.example`,
});

/** Copies the sample into a fresh git repository with one commit on `main`. `preset`: who plays its agents, if not a script. */
export async function makeSampleRepository(target: string, preset?: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await cp(SOURCE, target, { recursive: true });
  if (preset !== undefined) await withPreset(target, preset);
  await execa('git', ['init', '--quiet', '--initial-branch', 'main'], { cwd: target });
  await commit(target, 'Ana', 'A small shop');
  // The owner's checkout is on another branch, which gatehouse must not touch.
  await execa('git', ['checkout', '--quiet', '--detach'], { cwd: target });
}

/** Replaces the scripted agent, whose script would tell a real one what to do. */
async function withPreset(target: string, preset: string): Promise<void> {
  await replaceIn(path.join(target, '.gatehouse.yml'), 'default: node tools/agent.mjs', `default: { use: ${preset} }`);
  await replaceIn(path.join(target, 'README.md'), /\n`tools\/agent\.mjs`[^]*/, '');
  for (const part of ['agent.mjs', 'roles']) await rm(path.join(target, 'tools', part), { recursive: true });
}

async function replaceIn(file: string, what: string | RegExp, by: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const replaced = text.replace(what, by);
  if (replaced === text) throw new Error(`${file} does not contain ${what}`);
  await writeFile(file, replaced);
}

/** Makes a git repository with one commit, on `main` as its remote has it and on a work branch, which is checked out. */
export async function makeScratchRepository(target: string, branch: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await execa('git', ['init', '--quiet', '--template=', '--initial-branch', 'main'], { cwd: target });
  await writeFile(path.join(target, 'README.md'), 'A scratch repository.\n');
  await commit(target, 'Ana', 'A scratch repository');
  await execa('git', ['update-ref', 'refs/remotes/origin/main', 'HEAD'], { cwd: target });
  await execa('git', ['checkout', '--quiet', '-b', branch], { cwd: target });
}

/** Commits everything in a folder, as one of the sample's authors. */
export async function commit(folder: string, who: string, message: string): Promise<void> {
  await execa('git', ['add', '--all'], { cwd: folder });
  const quiet = ['-c', 'commit.gpgsign=false', '-c', 'core.hooksPath=/dev/null'];
  await execa('git', [...quiet, 'commit', '--quiet', '--message', message], { cwd: folder, env: as(who) });
}
