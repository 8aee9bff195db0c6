import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Route } from '../../workflows/contracts/variables.ts';
import type { Ports } from '../ports.ts';
import { closeAll } from './closing.ts';
import { commandExecutor } from './local/command-executor/index.ts';
import { commandReleases } from './local/command-releases.ts';
import { fileLedger } from './local/file-ledger.ts';
import { folderMeter } from './local/folder-meter.ts';
import { folderTexts } from './local/folder-texts.ts';
import { gitForge } from './local/git-forge/index.ts';
import { markdownTracker } from './local/markdown-tracker.ts';
import { processEnvironments } from './local/process-environments/index.ts';
import { routedNotifier, type NotifierOptions } from './notifiers.ts';

/** What an adapter is opened with. `environment` is what the commands it runs are given, less what is ours alone. */
export interface Opening extends NotifierOptions {
  environment: NodeJS.ProcessEnv;
  /** Where the tracker's issues are; below the root when not said. */
  issues?: string | undefined;
  /** The file in which every effect is written down, if any. */
  ledgerFile?: string | undefined;
}

/** The adapters by the names that the configuration uses. To add one: write it, list it here, run its port's suite. */
const ADAPTERS = {
  forge: { local: gitForge },
  executor: { local: commandExecutor },
  environments: { local: processEnvironments },
};

export interface Choice {
  forge: keyof (typeof ADAPTERS)['forge'];
  executor: keyof (typeof ADAPTERS)['executor'];
  environments: keyof (typeof ADAPTERS)['environments'];
  /** Where notices go. */
  notify: readonly Route[];
}

/**
 * Opens the chosen adapters. Closing them ends in order what they run on this machine, within `CLOSE_MS`, and answers in
 * words what could not be ended.
 */
export async function openPorts(choice: Choice, told: Opening): Promise<{ ports: Ports; close(): Promise<string[]> }> {
  await mkdir(told.root, { recursive: true });
  const opening = { ...told, ...(told.ledgerFile && { ledger: fileLedger(path.resolve(told.ledgerFile)) }) };
  const notifier = routedNotifier(choice.notify, opening);
  const forge = ADAPTERS.forge[choice.forge](opening);
  const inCheckouts = { ...opening, repositories: forge.repositories };
  const ports: Ports = {
    forge,
    executor: ADAPTERS.executor[choice.executor](inCheckouts),
    environments: ADAPTERS.environments[choice.environments](inCheckouts),
    notifier,
    releases: commandReleases(inCheckouts),
    tracker: markdownTracker(opening),
    meter: folderMeter(opening),
    texts: folderTexts(opening),
  };
  return {
    ports,
    close: () => {
      const { forge, executor, environments, releases } = ports;
      return closeAll({ forge, executor, environments, releases, notifier });
    },
  };
}
