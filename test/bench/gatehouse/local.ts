// gatehouse as in production, on the git and the processes of this machine. It reports how long each call to git takes,
// and each removal of a folder for which somebody waits.
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { now } from '../clock.ts';
import { serve } from '../serve.ts';
import { tellEffect } from '../reporting.ts';

const { rm } = fs;
fs.rm = async (place, options) => {
  const begun = now();
  await rm(place, options);
  if (options?.recursive) tellEffect(`removal ${now() - begun}`);
};
syncBuiltinESMExports();

const { noConfiguration } = await import('../../../activities/adapters/configuration/configuration.ts');
const { presence } = await import('../../../activities/adapters/processes/presence.ts');
const { State } = await import('../../../activities/adapters/state/state.ts');
const { openPorts } = await import('../../../activities/adapters/opening.ts');
const { readConfig } = await import('../../../worker/config.ts');

subscribe('gatehouse:git', (message) => {
  const { args, ms } = message as { args: readonly string[]; ms: number };
  tellEffect(`git ${ms} ${args.slice(0, 2).join(' ').slice(0, 60)}`);
});

const { data, variables, database } = readConfig();
const state = new State(database, presence);
const { ports } = await openPorts(
  { ...variables, GATEHOUSE_NOTIFY: [] },
  { root: data, state, environment: process.env, configuration: () => noConfiguration, log: () => undefined },
);
const deliver: typeof ports.notifier.deliver = async ({ task, notice }) => tellEffect(`${task.id} ${notice.type}`);
await serve({
  ...ports,
  notifier: { list: async () => ({ kept: [], told: {} }), retell: async () => undefined, deliver },
});
