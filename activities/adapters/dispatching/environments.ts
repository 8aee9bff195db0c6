import type { EnvironmentReport } from '../../../workflows/contracts/activities.ts';
import type { Change } from '../../../workflows/contracts/change.ts';
import type { Environments } from '../../ports.ts';
import type { RepositorySettings } from '../settings/repository-settings.ts';
import type { EnvironmentSettings } from '../vendor.ts';
import { closeEach } from './closing.ts';

export interface OpenEnvironments {
  environments: Environments;
  provides(environment: EnvironmentSettings): boolean;
}

type SettingsOf = (change: Change) => Promise<RepositorySettings>;

/** Combines all providers of environments. The repository's settings decide which one provides an environment. */
export function environmentsAsOne(providers: readonly OpenEnvironments[], settingsOf: SettingsOf): Environments {
  const [first] = providers;
  if (!first) throw new Error('No provider of environments is open.');
  const all = providers.map(({ environments }) => environments);
  if (all.length === 1) return first.environments;

  const forChange = async (change: Change): Promise<Environments> => {
    const { environment } = await settingsOf(change);
    const found = environment && providers.find(({ provides }) => provides(environment));
    return (found ?? first).environments;
  };
  return {
    examine: async (change) => (await forChange(change)).examine(change),
    ensure: async (request) => (await forChange(request.change)).ensure(request),
    look: (key) => lookAtAll(all, key),
    /** All providers record the removal, so that a late `ensure` creates nothing. */
    remove: async (key) => void (await Promise.all(all.map((each) => each.remove(key)))),
    list: async () => (await Promise.all(all.map((each) => each.list()))).flat(),
    close: () => closeEach(all),
  };
}

/** Every provider that never had the environment reports it as gone. The one that had it may say why. */
async function lookAtAll(all: readonly Environments[], key: string): Promise<EnvironmentReport> {
  let gone: EnvironmentReport = { is: 'gone' };
  for (const each of all) {
    const report = await each.look(key);
    if (report.is !== 'gone') return report;
    if (report.because !== undefined) gone = report;
  }
  return gone;
}
