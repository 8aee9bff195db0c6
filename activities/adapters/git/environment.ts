import { availableParallelism } from 'node:os';
import path from 'node:path';
import { plainEnvironment } from './machine.ts';

/** So many processes write a large checkout's files, which is most of what it costs. Git itself would have one. */
const WRITERS = Math.min(4, availableParallelism());

/**
 * Nothing that a repository's configuration names is run by us, and nothing that it says changes what we do (git-config(1)).
 * What turns contents into files is not here: there, the configuration of whose checkout it is counts.
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

/** Our settings as arguments, and then those of one call. */
export const settingsOf = (more: readonly string[]): string[] => [
  ...SETTINGS,
  ...more.flatMap((setting) => ['-c', setting]),
];

/** Who writes the commits that we make ourselves. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'gatehouse',
  GIT_AUTHOR_EMAIL: 'gatehouse@localhost',
  GIT_COMMITTER_NAME: 'gatehouse',
  GIT_COMMITTER_EMAIL: 'gatehouse@localhost',
};

/** The environment of one call: made anew, so that no variable of whoever called us reaches our git. */
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
