import path from 'node:path';
import type { Vendor } from '../vendor.ts';
import { variables } from './variables.ts';

/**
 * The adapters of this machine: repositories on disk, agents, checks and previews as processes, notices in the log and in
 * files.
 */
export const local: Vendor<typeof variables> = {
  variables,

  forge: {
    written: 'an absolute path or file:// URL of a git repository',
    hosted: false,
    async open(opening) {
      const { gitForge } = await import('./git-forge/index.ts');
      const forge = gitForge(opening);
      const serves = (repository: string) => path.isAbsolute(repository) || repository.startsWith('file:');
      return { forge, repositories: forge.repositories, serves };
    },
  },

  executor: {
    runs: () => true,
    open: async (opening) => (await import('./command-executor/index.ts')).commandExecutor(opening),
  },

  environments: {
    provides: ({ start }) => start !== undefined,
    open: async (opening) => (await import('./process-environments/index.ts')).processEnvironments(opening),
  },

  notifiers: {
    log: { open: async ({ log }) => (await import('./notices/log-notifier.ts')).logNotifier(log) },
    file: {
      async open({ root, state, variables: { GATEHOUSE_NOTICES_FILE: notices } }) {
        return (await import('./notices/file-notifier.ts')).fileNotifier({ root, state, notices });
      },
    },
  },

  releases: async (opening) => (await import('./command-releases.ts')).commandReleases(opening),
  async tracker({ variables: { GATEHOUSE_ISSUES: issues }, ...opening }) {
    return (await import('./markdown-tracker.ts')).markdownTracker({ ...opening, issues });
  },
  meter: async (opening) => (await import('./meter.ts')).stateMeter(opening),
  async storage({ variables: { GATEHOUSE_KEEP_DAYS: keepDays }, ...opening }) {
    return (await import('./storage/index.ts')).localStorage({ ...opening, keepDays });
  },
  texts: async (opening) => (await import('./texts.ts')).stateTexts(opening),
};
