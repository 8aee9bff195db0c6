import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileOf, isBuilt, root } from '../../worker/configuration/package-files.ts';

/** The version of the package, and its commit if that is known. */
export function versionText(): string {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const commit = packedCommit() ?? checkedOutCommit();
  return commit ? `${version} (${commit})` : version;
}

/** The commit that was recorded when the package was packed. */
function packedCommit(): string | undefined {
  const file = fileOf('', 'commit');
  return isBuilt && existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

function checkedOutCommit(): string | undefined {
  // Without this check, git would find any repository in which the package is installed.
  if (!existsSync(path.join(root, '.git'))) return undefined;
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
