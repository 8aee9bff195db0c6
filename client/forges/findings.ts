import { existsSync } from 'node:fs';
import { secretOf } from '../../worker/configuration/secret-files.ts';
import { databaseOf } from '../../worker/configuration/shared.ts';
import { BadVariables } from '../../worker/configuration/variables.ts';
import { openForgesToLook, type Forge, type Forges } from '../../worker/looking/opening.ts';
import { missingIn, standingOf, type Standing } from '../../worker/looking/standing.ts';
import type { Finding } from '../../workflows/contracts/survey.ts';
import type { ClientConfig } from '../config.ts';
import { stateOf } from '../http/state.ts';
import { Deliveries } from '../http/webhooks/deliveries.ts';
import type { Sender } from '../http/webhooks/signatures.ts';
import { typed } from '../invocation.ts';
import { SECRET_OF } from './webhooks.ts';

/** How many of the repositories of runs are asked about at each forge. */
const MOST = 5;

/** What is to be said of each forge that is configured. `named`: a repository to ask about, besides those of runs. */
export async function forgesFound(config: ClientConfig, named: string | undefined): Promise<Finding[]> {
  const forges = await openForgesToLook(config);
  const state = stateOf(config);
  try {
    const isThere = hasDatabase(config);
    const known = isThere ? await repositoriesOf(state).catch(() => []) : [];
    const deliveries = new Deliveries(state);
    const each = hostedOf(forges).map(async (forge): Promise<Finding[]> => {
      const last = isThere ? await deliveries.last(forge.name as Sender).catch(() => undefined) : undefined;
      const standing = await standingOf(forge.api!);
      const heard = heardOf(config, forge.name as Sender, last);
      const finding = forgeFinding({ forge, standing, heard, now: Date.now() });
      if (standing.is !== 'known') return [finding];
      const asked = [...(named !== undefined && isAt(forges, forge, named) ? [named] : []), ...known];
      const own = asked.filter((repository) => isAt(forges, forge, repository)).slice(0, MOST);
      return [finding, ...(await Promise.all([...new Set(own)].map((repository) => rightsIn(forges, repository))))];
    });
    const lacking = forges.lacking.map(({ name, because }): Finding => ({
      about: `forge ${name}`,
      ok: false,
      detail: because,
      mend: 'correct it',
    }));
    return [...lacking, ...(await Promise.all(each)).flat()];
  } finally {
    await forges.close();
    await state.close();
  }
}

/** Whether there is a database to ask. Whoever only asks makes none. */
function hasDatabase({ variables, data }: ClientConfig): boolean {
  const location = databaseOf(variables, data);
  return 'url' in location || existsSync(location.file);
}

/** The forges on other machines. */
export const hostedOf = ({ forges }: Pick<Forges, 'forges'>): Forge[] =>
  forges.filter(({ hosted, api }) => hosted && api !== undefined);

/** What is known of a forge's webhooks on this side. `last`: when the last one came, in milliseconds since 1970. */
export interface Heard {
  /** The variable of its webhook secret. */
  variable: string;
  /** Whether the secret is configured. A text: why it cannot be read. */
  secret: boolean | string;
  last?: number | undefined;
}

export function heardOf({ variables }: Pick<ClientConfig, 'variables'>, sender: Sender, last?: number): Heard {
  const variable = SECRET_OF[sender];
  try {
    return { variable, secret: secretOf(variables, variable) !== undefined, last };
  } catch (failure) {
    if (failure instanceof BadVariables) return { variable, secret: failure.message, last };
    throw failure;
  }
}

interface Known {
  forge: Pick<Forge, 'name' | 'address'>;
  standing: Standing;
  heard: Heard;
  now: number;
}

/** What is to be said of a forge: who we are there, what is left of its limit, and what its webhooks do. */
export function forgeFinding({ forge: { name, address }, standing, heard, now }: Known): Finding {
  const about = `forge ${name}`;
  if (standing.is !== 'known') {
    const mend =
      standing.is === 'refused'
        ? `make new credentials at the forge, and configure them: ${typed(`init ${name}`)}`
        : 'look whether the forge is up and reached from here';
    return { about, ok: false, detail: `${address}: ${standing.because}`, mend };
  }
  const { login, limit } = standing;
  const left = limit && `${limit.left} of ${limit.of} calls left until ${limit.until}`;
  const detail = [`we are ${login} at ${address}`, left, webhooksOf(heard, now)].filter(Boolean).join('; ');
  if (typeof heard.secret === 'string') return { about, ok: false, detail, mend: `correct ${heard.variable}_FILE` };
  if (limit?.left === 0) return { about, ok: false, detail, mend: `wait until ${limit.until}` };
  return { about, ok: true, detail };
}

/** Without webhooks all works, only later. So their absence is said, and is no fault. */
function webhooksOf({ variable, secret, last }: Heard, now: number): string {
  if (typeof secret === 'string') return secret;
  const came = last === undefined ? 'none has come' : `the last came ${ago(now - last)} ago`;
  return secret
    ? `webhooks: ${came}`
    : `webhooks are not accepted, so changes are seen by polling: ${variable} is not set; ${came}`;
}

const UNITS = [
  { ms: 86_400_000, name: 'day' },
  { ms: 3_600_000, name: 'hour' },
  { ms: 60_000, name: 'minute' },
] as const;

function ago(ms: number): string {
  for (const { ms: unit, name } of UNITS) {
    const count = Math.floor(ms / unit);
    if (count > 0) return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return 'less than a minute';
}

/** What we may not do in a repository, each for the feature that needs it. */
async function rightsIn({ find }: Forges, repository: string): Promise<Finding> {
  const found = find(repository);
  if ('expected' in found) return { about: repository, ok: false, detail: found.expected };
  const rights = await missingIn(() => found.forge.at!(found.repository));
  const mend = `give the rights at the forge: ${typed(`init ${found.forge.name} ${repository}`)}`;
  if ('because' in rights) return { about: repository, ok: false, detail: rights.because, mend };
  const { missing } = rights;
  const about = rights.repository.canonical;
  if (missing.length === 0) return { about, ok: true, detail: 'we may all that gatehouse does' };
  return { about, ok: false, detail: missing.join(' '), mend };
}

function isAt({ find }: Forges, forge: Forge, repository: string): boolean {
  const found = find(repository);
  return !('expected' in found) && found.forge === forge;
}

/** The repositories of the last runs. */
async function repositoriesOf(state: ReturnType<typeof stateOf>): Promise<string[]> {
  const rows = await state.query((db) =>
    db.selectFrom('runs').select('repository').orderBy('started_at', 'desc').limit(100).execute(),
  );
  return [...new Set(rows.map(({ repository }) => repository))];
}
