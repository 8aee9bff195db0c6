import { createHash } from 'node:crypto';
import path from 'node:path';

/** The folders of everything that adapters keep on this machine, below one root. */
export const foldersOf = (root: string) => ({
  root,
  repositories: path.join(root, 'repositories'),
  changes: path.join(root, 'changes'),
  checks: path.join(root, 'checks'),
  jobs: path.join(root, 'jobs'),
  bundles: path.join(root, 'bundles'),
  environments: path.join(root, 'environments'),
  texts: path.join(root, 'texts'),
  releases: path.join(root, 'releases'),
  /** A folder per repository, with the homes of its isolated commands. */
  homes: path.join(root, 'homes'),
  issues: path.join(root, 'issues'),
  meter: path.join(root, 'meter'),
  outbox: path.join(root, 'outbox'),
  notices: path.join(root, 'notices.jsonl'),
  moves: path.join(root, 'moves'),
  unavailable: path.join(root, 'unavailable'),
  trash: path.join(root, 'trash'),
});

/** A folder's name for any text: its beginning is readable, and its hash makes it unique. */
export const safeName = (text: string): string =>
  `${text
    .replace(/[^A-Za-z0-9]+/g, '-')
    .slice(-48)
    .replace(/^-+|-+$/g, '')}-${hashOf(text).slice(0, 12)}`;

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
