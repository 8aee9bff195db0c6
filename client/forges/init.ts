import { FILE, parseSettings } from '../../activities/adapters/settings/repository-settings.ts';
import { openForgesToLook, type Found, type Forges } from '../../worker/looking/opening.ts';
import { answered, missingIn, standingOf } from '../../worker/looking/standing.ts';
import type { HostedRepository } from '../../activities/adapters/hosted/api.ts';
import type { ClientConfig } from '../config.ts';
import type { Sender } from '../http/webhooks/signatures.ts';
import { typed } from '../invocation.ts';
import { FIRST_SETTINGS, GUIDES } from './guides.ts';
import { webhookAt, webhookSetUp } from './webhooks.ts';

/** One step of a set-up. `open`: to do. `unchecked`: it cannot be checked yet, or not from here. */
export interface SetUpStep {
  name: 'variables' | 'credentials' | 'rights' | 'webhook' | 'settings';
  state: 'done' | 'open' | 'unchecked';
  detail: string;
  /** What to do, one line each. */
  todo: string[];
}

/** The steps of a set-up for a forge, each checked as far as it can be. Nothing is changed. */
export async function setUpSteps(
  config: ClientConfig,
  kind: Sender,
  repository: string | undefined,
): Promise<SetUpStep[]> {
  const forges = await openForgesToLook(config);
  try {
    const variables = variablesStep(forges, kind);
    const forge = forges.forges.find(({ name }) => name === kind);
    const standing = forge?.api && (await standingOf(forge.api));
    const credentials: SetUpStep = {
      name: 'credentials',
      state: !standing ? 'unchecked' : standing.is === 'known' ? 'done' : 'open',
      detail: !standing
        ? 'the variables come first'
        : standing.is === 'known'
          ? `we are ${standing.login}`
          : standing.because,
      todo: [],
    };
    const found = standing?.is === 'known' && repository !== undefined ? forges.find(repository) : undefined;
    return [variables, credentials, ...(await repositorySteps(config, kind, found))];
  } finally {
    await forges.close();
  }
}

function variablesStep({ kinds, lacking }: Forges, kind: Sender): SetUpStep {
  const { make, rights, variables } = GUIDES[kind];
  const because = lacking.find(({ name }) => name === kind)?.because;
  const isSet = kinds.some(({ name, is }) => name === kind && is) && because === undefined;
  const todo = [
    ...make,
    ...rights.map(({ right, for: what }) => `${right} — ${what}`),
    ...variables.map(({ name, value }) => `export ${name}=… # ${value}`),
  ];
  return {
    name: 'variables',
    state: isSet ? 'done' : 'open',
    detail: because ?? (isSet ? 'they are set' : 'they are not set'),
    todo: isSet ? [] : todo,
  };
}

/** What is to be done at the repository. Without one, or without credentials, it is only said. */
async function repositorySteps(config: ClientConfig, kind: Sender, found: Found | undefined): Promise<SetUpStep[]> {
  const { rights } = GUIDES[kind];
  const names = rights.map(({ right, for: what }) => `${right} — ${what}`);
  const unchecked = { state: 'unchecked', detail: 'name a repository, once the credentials are there' } as const;
  if (found === undefined) {
    return [
      { name: 'rights', ...unchecked, todo: names },
      { name: 'webhook', ...unchecked, todo: webhookTodo(config, kind) },
      { name: 'settings', ...unchecked, todo: settingsTodo() },
    ];
  }
  if ('expected' in found) return [{ name: 'rights', state: 'open', detail: found.expected, todo: [] }];
  const { forge, repository } = found;
  const may = await missingIn(() => forge.at!(repository));
  if ('because' in may) return [{ name: 'rights', state: 'open', detail: may.because, todo: names }];
  const { missing, repository: place } = may;
  const rightsStep: SetUpStep = {
    name: 'rights',
    state: missing.length === 0 ? 'done' : 'open',
    detail: missing.length === 0 ? `we may all that gatehouse does in ${place.canonical}` : missing.join(' '),
    todo: missing.length === 0 ? [] : names,
  };
  return [rightsStep, await webhookStep(config, kind, found), await settingsStep(found, place)];
}

type At = Extract<Found, { forge: unknown }>;

async function webhookStep({ variables }: ClientConfig, kind: Sender, { forge, repository }: At): Promise<SetUpStep> {
  const setUp = webhookSetUp(variables, kind, repository);
  const there = await webhookAt(forge, repository, setUp);
  const isWell = there.is === 'there' && there.active && there.lacks.length === 0 && setUp.secret.configured;
  const faults = [
    ...(there.is === 'absent' ? [`none leads to ${setUp.url}`] : []),
    ...(there.is === 'unknown' ? [there.because] : []),
    ...(there.is === 'there' && !there.active ? ['it is switched off'] : []),
    ...(there.is === 'there' && there.lacks.length > 0 ? [`it lacks the events ${there.lacks.join(', ')}`] : []),
    ...(setUp.secret.configured ? [] : [`${setUp.secret.variable} is not set`]),
  ];
  return {
    name: 'webhook',
    state: isWell ? 'done' : 'open',
    detail: isWell ? `it leads to ${setUp.url}` : `${faults.join('; ')}. Without it all works, but more slowly`,
    todo: isWell ? [] : webhookTodo({ variables }, kind, repository),
  };
}

function webhookTodo({ variables }: Pick<ClientConfig, 'variables'>, kind: Sender, repository?: string): string[] {
  const { url, contentType, secret, events, page } = webhookSetUp(variables, kind, repository);
  return [
    ...(url === null ? ['export GATEHOUSE_URL=… # where the forge reaches the HTTP door'] : []),
    ...(secret.configured ? [] : [`export ${secret.variable}=… # a random text, such as of: openssl rand -hex 32`]),
    ...(page === undefined ? [] : [`at ${page}, or: ${typed(`webhooks ${repository} --create`)}`]),
    `URL ${url ?? `$GATEHOUSE_URL/webhooks/${kind}`}, content type ${contentType}, the secret of ${secret.variable}`,
    `events ${events.join(', ')}`,
  ];
}

const settingsTodo = (base = 'the base branch'): string[] => [
  `commit a ${FILE} to ${base}:`,
  ...FIRST_SETTINGS.trimEnd().split('\n'),
];

/** Whether the default branch has settings that can be read. */
async function settingsStep({ forge }: At, place: HostedRepository): Promise<SetUpStep> {
  const { defaultBranch: base } = place;
  const asked = await answered(async () => {
    const branch = await forge.api!.branch(place, base);
    return branch && forge.api!.fileAt(place, branch.head, FILE);
  });
  const name = 'settings';
  if (!('answer' in asked)) return { name, state: 'unchecked', detail: asked.because, todo: settingsTodo(base) };
  if (asked.answer === undefined) {
    return { name, state: 'open', detail: `${base} has no ${FILE}`, todo: settingsTodo(base) };
  }
  const read = parseSettings(asked.answer);
  if ('settings' in read) return { name, state: 'done', detail: `${FILE} is on ${base}`, todo: [] };
  return {
    name,
    state: 'open',
    detail: `${FILE} on ${base} cannot be read`,
    todo: read.fields.map(({ path, expected }) => `${path}: ${expected}`),
  };
}
