import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../../files/records.ts';
import type { Repository } from '../door.ts';

/** Refuses pushes of agents to our copy, and gives every commit that we have to checkouts and processes of ours. */
const OURS = '[receive]\n\thideRefs = refs\n[uploadpack]\n\tallowAnySHA1InWant = true\n';

/** The configuration of a bare copy in one of git's two formats. */
const configuration = (format: string): string =>
  format === 'sha1'
    ? `[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n${OURS}`
    : `[core]\n\trepositoryformatversion = 1\n\tfilemode = true\n\tbare = true\n[extensions]\n\tobjectformat = ${format}\n${OURS}`;

/**
 * Restores the configuration of a copy of ours. Agents that are not isolated can write to it, and a line such as
 * `url.<elsewhere>.insteadOf` would lead git, and our credentials, to another machine.
 */
export async function restoreConfiguration({ gitDir }: Repository): Promise<void> {
  const file = path.join(gitDir, 'config');
  const found = await readFile(file, 'utf8');
  const wanted = configuration(/^\s*objectformat\s*=\s*sha256\s*$/im.test(found) ? 'sha256' : 'sha1');
  if (found !== wanted) await writeFileAtomically(file, wanted);
}
