// Records histories for the replay test: exports a run, its environment and its release watch from the stack that is up, scrubs what names
// this machine, and keeps them. `npm run record -- SHOP-1 human-review`; an old history is never recorded again.
import { writeFile } from 'node:fs/promises';
import { tmpdir, homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { connect } from '../../client/connection.ts';
import { readConfig } from '../../client/config.ts';
import { historyToJson } from '../../client/offline/histories.ts';
import { Runs } from '../../client/runs.ts';
import { environmentIdOf, releaseIdOf, runIdOf } from '../../workflows/contracts/pipeline-run.ts';

const [task = '', name = ''] = process.argv.slice(2);
const config = readConfig();
const places = [config.data, fileURLToPath(new URL('../..', import.meta.url)), tmpdir(), homedir()];

/** Paths of this machine, wherever they stand; all are replaced by one that is nobody's. */
const anonymous = (text: string): string =>
  places.reduce((scrubbed, place) => scrubbed.replaceAll(place, '/srv/data'), text);

function scrubbed(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => scrubbed(each));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([name]) => !['identity', 'stackTrace'].includes(name));
    return Object.fromEntries(entries.map(([name, each]) => [name, scrubbed(each, name)]));
  }
  if (typeof value !== 'string') return value;
  if (key !== 'data') return anonymous(value);
  return Buffer.from(anonymous(Buffer.from(value, 'base64').toString('utf8'))).toString('base64');
}

const client = await connect(config);
const runs = new Runs(client, config.variables.GATEHOUSE_TASK_QUEUE);
for (const [kind, id] of [
  ['run', runIdOf('default', task)],
  ['environment', environmentIdOf('default', task)],
  ['release', releaseIdOf('default', task)],
] as const) {
  const raw = await runs.history(id).catch(() => undefined);
  if (!raw) continue; // not every run has each of them
  const history = scrubbed(JSON.parse(historyToJson(raw)));
  const file = fileURLToPath(new URL(`./histories/${name}-${kind}.json`, import.meta.url));
  await writeFile(file, `${JSON.stringify(history)}\n`);
  process.stdout.write(`${file}\n`);
}
await client.connection.close();
