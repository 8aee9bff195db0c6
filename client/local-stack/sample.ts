import { cp, mkdir } from 'node:fs/promises';
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

/** Copies the sample into a fresh git repository with one commit on `main`. */
export async function makeSampleRepository(target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await cp(SOURCE, target, { recursive: true });
  await execa('git', ['init', '--quiet', '--initial-branch', 'main'], { cwd: target });
  await commit(target, 'Ana', 'A small shop');
  // The owner's checkout is on another branch, which gatehouse must not touch.
  await execa('git', ['checkout', '--quiet', '--detach'], { cwd: target });
}

/** Commits everything in a folder, as one of the sample's authors. */
export async function commit(folder: string, who: string, message: string): Promise<void> {
  await execa('git', ['add', '--all'], { cwd: folder });
  const quiet = ['-c', 'commit.gpgsign=false', '-c', 'core.hooksPath=/dev/null'];
  await execa('git', [...quiet, 'commit', '--quiet', '--message', message], { cwd: folder, env: as(who) });
}
