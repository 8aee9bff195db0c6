import { GitFailed } from '../../git/door.ts';
import { isUnanswered } from '../../git/refusals.ts';
import { linesOf } from '../../git/wire/progress.ts';
import {
  CredentialsRefused,
  ForgeUnavailable,
  NotThere,
  PermissionMissing,
  RateLimited,
  Refused,
} from '../failures.ts';

/** How long calls wait after a rate limit that does not say until when, in milliseconds. */
const LIMITED_MS = 60_000;
/** The most that is quoted of git and the forge. */
const WORDS = 1_000;

/** What git and git-lfs say without a number (for git-lfs: `lfshttp/errors.go`). */
const SAID: [RegExp, number][] = [
  [/Authentication (?:failed|required)|could not read (?:Username|Password)|credentials for \S+ not found/i, 401],
  [/\bAuthorization error: http/, 403],
  [/\bRepository or object not found: http/, 404],
  [/\bRate limit exceeded: http/, 429],
];
/** A failure of this machine, not of the forge. */
const OURS = /\.lock': File exists|read-only file system|permission denied|not a git repository|bad object|corrupt/i;

/** The forge's HTTP status, as git and git-lfs report it. */
export function statusOf(failure: unknown): number | undefined {
  if (!(failure instanceof GitFailed)) return undefined;
  const own = ownLines(failure).join('\n');
  const [, status] = /(?:returned error: |RPC failed; HTTP |HTTP(?: status)?:? )(\d{3})\b/.exec(own) ?? [];
  return status !== undefined ? Number(status) : SAID.find(([words]) => words.test(own))?.[1];
}

/**
 * Why git could not talk to the forge, as a failure of this room. Failures of this machine stay what they are. `doing`: what
 * git was to do, such as `git push to https://…`.
 */
export function failureOf(failure: unknown, doing: string): unknown {
  if (!(failure instanceof GitFailed)) return failure;
  const status = statusOf(failure);
  const words = linesOf(failure.stderr).join('\n').slice(-WORDS) || failure.message.slice(-WORDS);
  const because = { cause: failure };
  const own = ownLines(failure).join('\n');
  switch (true) {
    case status === 401:
      return new CredentialsRefused(`The forge refuses our credentials for ${doing}: ${words}`, because);
    case status === 429 || (status === 403 && /rate limit|too many requests|abuse detection/i.test(words)):
      return new RateLimited(`The forge limits ${doing}: ${words}`, { retryAfterMs: LIMITED_MS, ...because });
    case status === 403:
      return new PermissionMissing(`The forge does not permit ${doing}: ${words}`, because);
    case status === 404 || status === 410 || status === 423 || /^fatal: repository '.*' not found$/m.test(own):
      return new NotThere(`${doing} found no such repository: ${words}`, because);
    case status !== undefined && status >= 400 && status < 500 && status !== 408:
      return new Refused(`The forge refuses ${doing}: ${words}`, status, words);
    case status === undefined && !failure.timedOut && (OURS.test(own) || isUnanswered(ofMachine(failure, own))):
      return failure;
    default:
      return new ForgeUnavailable(`The forge did not finish ${doing}: ${words}`, because);
  }
}

/** What git says itself. The other end's words may be about another machine's disk. */
const ownLines = ({ stderr }: GitFailed): string[] => linesOf(stderr).filter((line) => !line.startsWith('remote:'));

const ofMachine = ({ code, signal }: GitFailed, own: string) => new GitFailed([], own, code ?? 128, signal);
