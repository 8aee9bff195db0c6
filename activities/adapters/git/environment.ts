import { availableParallelism } from 'node:os';
import path from 'node:path';
import { OURS } from '../processes/groups.ts';
import { plainEnvironment } from './machine.ts';

/** How many processes write the files of a large checkout, which is most of its cost. Git's default is one. */
const WRITERS = Math.min(4, availableParallelism());

/**
 * The configuration of a repository neither makes us run a program nor changes what we do (git-config(1)). Only settings
 * that decide how contents become files are left to the owner of the checkout.
 */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.pager=cat',
  'core.editor=true',
  'core.askPass=true',
  'core.sshCommand=false',
  'core.alternateRefsCommand=true',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.quotePath=true',
  'core.commentChar=#',
  'core.logAllRefUpdates=true',
  'color.ui=false',
  'column.ui=never',
  'credential.helper=',
  'commit.gpgSign=false',
  'tag.gpgSign=false',
  'push.gpgSign=false',
  'gpg.program=false',
  'gpg.ssh.program=false',
  'log.showSignature=false',
  'log.mailmap=false',
  'log.follow=false',
  'merge.verifySignatures=false',
  'merge.ff=true',
  'merge.autoStash=false',
  'merge.branchdesc=false',
  'merge.log=false',
  'merge.directoryRenames=conflict',
  'merge.renames=true',
  'diff.renames=true',
  'diff.noprefix=false',
  'diff.mnemonicPrefix=false',
  'diff.ignoreSubmodules=none',
  'diff.orderFile=/dev/null',
  'diff.relative=false',
  'status.showUntrackedFiles=normal',
  'status.relativePaths=false',
  'status.submoduleSummary=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'fetch.fsckObjects=false',
  'fetch.prune=false',
  'fetch.pruneTags=false',
  'fetch.output=full',
  'fetch.negotiationAlgorithm=consecutive',
  'gc.auto=0',
  'maintenance.auto=false',
  'checkout.guess=false',
  `checkout.workers=${WRITERS}`,
  'rerere.enabled=false',
  'protocol.allow=never',
  'protocol.file.allow=always',
].flatMap((setting) => ['-c', setting]);

/** Our settings as arguments, followed by those of one call. */
export const settingsOf = (more: readonly string[]): string[] => [
  ...SETTINGS,
  ...more.flatMap((setting) => ['-c', setting]),
];

/** The author of the commits that we make ourselves. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'gatehouse',
  GIT_AUTHOR_EMAIL: 'gatehouse@localhost',
  GIT_COMMITTER_NAME: 'gatehouse',
  GIT_COMMITTER_EMAIL: 'gatehouse@localhost',
};

/**
 * The environment of one call. It is built from scratch, so that no variable of the worker's own environment reaches git.
 */
export function environmentOf(where: { gitDir?: string; commonDir?: string | undefined; ceiling?: string }) {
  return {
    ...plainEnvironment(),
    ...IDENTITY,
    [OURS]: 'git',
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_CEILING_DIRECTORIES: where.ceiling ?? path.dirname(where.gitDir ?? '/'),
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_MERGE_AUTOEDIT: 'no',
    ...(where.gitDir !== undefined && { GIT_COMMON_DIR: where.commonDir ?? where.gitDir }),
  };
}
