// gatehouse as in production (`createWorker`, its configuration from its own variables), over ports that cost nothing, and
// with the rows of its runs in a database.
import { presence } from '../../../activities/adapters/processes/presence.ts';
import { RunRows } from '../../../activities/adapters/state/runs.ts';
import { State } from '../../../activities/adapters/state/state.ts';
import { readConfig } from '../../../worker/config.ts';
import { serve } from '../serve.ts';
import { benchPorts } from './ports.ts';

const { database } = readConfig();
await serve({ ...benchPorts(), rows: new RunRows(new State(database, presence)) });
