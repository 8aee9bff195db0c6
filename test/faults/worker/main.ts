// The production worker under test, with faults, and with ports that call the world over HTTP.
import { NativeConnection } from '@temporalio/worker';
import { noConfiguration } from '../../../activities/adapters/configuration/configuration.ts';
import { presence } from '../../../activities/adapters/processes/presence.ts';
import { State } from '../../../activities/adapters/state/state.ts';
import { openPorts } from '../../../activities/adapters/opening.ts';
import { readConfig } from '../../../worker/config.ts';
import { openLog } from '../../../worker/logging.ts';
import { createWorker } from '../../../worker/worker.ts';
import type { Fault } from '../plan/faults.ts';
import { callOver } from '../world/wire.ts';
import { Faults } from './faults.ts';
import { Machine } from './machine.ts';
import { remotePorts, struckPorts } from './ports.ts';

const config = readConfig();
const [codePath = '', worldPort = ''] = process.argv.slice(2);
const log = openLog(config.variables.GATEHOUSE_LOG_LEVEL);

const faults = new Faults();
const machine = new Machine();
process.on('message', (reported: { arm?: Fault | null; tasksOf?: string; sites?: true }) => {
  if (reported.arm !== undefined) faults.arm(reported.arm ?? undefined);
  if (reported.arm !== undefined) machine.arm(reported.arm ?? undefined);
  if (reported.sites) machine.tell();
  if (reported.arm !== undefined) process.send?.({ is: 'armed' });
  if (reported.tasksOf !== undefined) faults.tell(reported.tasksOf);
});
process.on('disconnect', () => process.exit(1));

async function connect(): Promise<NativeConnection> {
  for (;;) {
    try {
      return await NativeConnection.connect(config.connection);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** A worker without a world uses the adapters of this machine. */
async function portsOf() {
  if (worldPort !== '') return remotePorts(callOver(Number(worldPort)) as never, faults);
  const { variables, data, environment, database } = config;
  const state = new State(database, presence);
  const given = { root: data, state, environment, configuration: () => noConfiguration, log: log.info.bind(log) };
  return struckPorts((await openPorts(variables, given)).ports, faults);
}

const connection = await connect();
const worker = await createWorker(
  { connection, config, ports: await portsOf() },
  { workflowBundle: { codePath }, sinks: faults.sinks },
);
process.send?.({ is: 'ready' });
await worker.run();
process.exit(1); // A worker under test never stops by itself, so this end is unexpected.
