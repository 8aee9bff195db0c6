import { commitId, isAncestor, isNothing } from '../commits.ts';
import { GitFailed, type Call, type Repository } from '../door.ts';
import { PushRefused } from '../refusals.ts';
import { linesOf } from './progress.ts';
import { overWire, type Wire } from './wire.ts';

type Limits = Pick<Call, 'signal' | 'onOutput' | 'silenceMs'>;

/**
 * Moves a branch at the other end from one commit to another that descends from it. Returns false if it is no longer at the
 * first. Throws `PushRefused` if a rule of the other end forbids it.
 *
 * This never forces, although it uses `--force-with-lease`: we look ourselves that the new commit descends from the old one,
 * and the lease has git refuse everything unless the branch is exactly at the old one. Both the client and the server compare,
 * the latter while it holds the branch's lock. A push without the lease would also take a branch that was set back meanwhile.
 */
export async function pushBranch(
  copy: Repository,
  wire: Wire,
  { branch, next, before }: { branch: string; next: string; before: string },
  limits: Limits = {},
): Promise<boolean> {
  if (!isNothing(before) && !(await isAncestor(copy, before, next))) {
    throw new Error(`${next} does not descend from ${before}, so ${branch} cannot move there.`);
  }
  const ref = `refs/heads/${branch}`;
  return push(copy, wire, { ref, from: commitId(next), at: isNothing(before) ? '' : commitId(before) }, limits);
}

/** Deletes a branch at the other end if it is still at this commit. Returns false if it is not. */
export function deleteBranch(
  copy: Repository,
  wire: Wire,
  { branch, commit }: { branch: string; commit: string },
  limits: Limits = {},
): Promise<boolean> {
  return push(copy, wire, { ref: `refs/heads/${branch}`, from: '', at: commitId(commit) }, limits);
}

/** `at`: the commit at which the ref must be. Empty: it must not exist. `from` is empty to delete it. */
async function push(
  copy: Repository,
  wire: Wire,
  { ref, from, at }: { ref: string; from: string; at: string },
  limits: Limits,
): Promise<boolean> {
  const options = ['--porcelain', '--progress', '--no-verify', '--no-recurse-submodules'];
  const args = ['push', ...options, `--force-with-lease=${ref}:${at}`, wire.url, `${from}:${ref}`];
  const { code, stdout, stderr } = await overWire(copy, wire, args, { ...limits, okCodes: [0, 1] });
  if (code === 0) return true;
  const [, status, reason] = /^!\t\S*\t\[([^\]]+)\](?: \((.*)\))?$/m.exec(stdout) ?? [];
  if (status === 'rejected' || /remote ref does not exist/.test(stderr)) return false;
  const failed = new GitFailed(args, `${stderr}\n${stdout}`, code);
  if (status !== 'remote rejected' || reason === undefined) throw failed;
  if (MOVED.test(reason)) return false;
  if (TROUBLE.test(reason)) throw failed;
  throw new PushRefused(wordsOf(stderr, reason));
}

/** What servers say of a branch that has moved since they listed it. */
const MOVED = /but expected|reference already exists|incorrect old value|fetch first|stale info/i;
/** What servers say when they could not do it now. */
const TROUBLE =
  /^(?:failed to update ref|failed to lock|cannot lock ref|unpacker error|n\/a \(unpacker error\)|unable to migrate|internal (?:server )?error|timeout|hook (?:timed out|execution failed))/i;

/** The most that is quoted of a server. */
const WORDS = 2_000;

/** The server's own words: the lines that it printed, and the reason. */
function wordsOf(stderr: string, reason: string): string {
  const lines = linesOf(stderr)
    .filter((line) => line.startsWith('remote:'))
    .map((line) => line.slice('remote:'.length).trim())
    .filter(Boolean);
  return [...lines, `(${reason})`].join('\n').slice(0, WORDS);
}
