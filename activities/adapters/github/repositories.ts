import { z } from 'zod';
import type { HostedAccount, HostedRepository, MergeMethod, Place } from '../hosted/api.ts';
import { NotThere, PermissionMissing } from '../hosted/failures.ts';
import type { Addresses } from './addresses.ts';
import type { AppCredentials } from './calling/app-credentials.ts';
import { permitted, type About, type Calls } from './calling/calls.ts';
import { NEEDS } from './calling/permissions.ts';
import { Account, App, Repository } from './calling/schemas.ts';

/** The repository, also under an earlier name. Undefined: it does not exist, or we may not see it. */
export async function repositoryAt(
  calls: Calls,
  addresses: Addresses,
  { owner, name: repo }: Place,
): Promise<HostedRepository | undefined> {
  const about = { at: { owner, name: repo }, needs: NEEDS.metadata };
  const read = (more: Partial<About>) =>
    calls.maybe(Repository, 'GET /repos/{owner}/{repo}', { owner, repo }, { ...about, ...more });
  try {
    const found = await read({}).catch((error: unknown) => {
      // A token can be narrowed to a repository's present name only.
      if (calls.credentials.kind === 'app' && error instanceof NotThere) return read({ narrow: false });
      throw error;
    });
    return found && hostedFrom(found, addresses);
  } catch (error) {
    if (error instanceof NotThere) return undefined;
    throw error;
  }
}

function hostedFrom(found: z.output<typeof Repository>, { pages }: Addresses): HostedRepository {
  const { admin = false, push = false, pull = true, maintain = false } = found.permissions ?? {};
  const methods: [MergeMethod, boolean][] = [
    ['merge', found.allow_merge_commit ?? true],
    ['squash', found.allow_squash_merge ?? true],
    ['rebase', found.allow_rebase_merge ?? true],
  ];
  return {
    owner: found.owner.login,
    name: found.name,
    id: found.id,
    canonical: `${pages}/${found.owner.login}/${found.name}`,
    cloneUrl: found.clone_url,
    defaultBranch: found.default_branch,
    archived: found.archived || (found.disabled ?? false),
    empty: found.size === 0,
    may: { read: pull, write: push || maintain || admin, administer: admin },
    methods: methods.filter(([, allowed]) => allowed).map(([method]) => method),
  };
}

/** The account whose credentials we use. */
export async function accountOf(calls: Calls, addresses: Addresses, app?: AppCredentials): Promise<HostedAccount> {
  const about = { at: undefined, needs: NEEDS.metadata };
  if (app) {
    const { id, slug, name } = await appOf(calls, app);
    const login = `${slug}[bot]`;
    const bot = await permitted(
      calls.maybe(Account, 'GET /users/{username}', { username: login }, about).catch((error: unknown) => {
        if (error instanceof NotThere) return undefined; // Installed nowhere yet.
        throw error;
      }),
    );
    return { login, id: bot?.id ?? id, name, email: mailOf(login, bot?.id, addresses), bot: true };
  }
  const user = await calls.maybe(Account, 'GET /user', {}, { ...about, expected: [403] });
  if (!user) return viewer(calls, addresses);
  const { login, id, name, email, type } = user;
  return { login, id, name: name || login, email: email || mailOf(login, id, addresses), bot: type === 'Bot' };
}

/** Our App, as it describes itself. */
export async function appOf(calls: Calls, app: AppCredentials): Promise<z.output<typeof App>> {
  const { data, call } = await app.asApp((sending) => calls.sender.send('GET /app', {}, sending));
  return calls.transport.fitting(App, data, call);
}

/** The account of an installation's token that somebody else made, such as that of a workflow. */
async function viewer(calls: Calls, addresses: Addresses): Promise<HostedAccount> {
  const asked = '{ viewer { login databaseId } }';
  const { data, errors } = await calls.graphql(Viewer, asked, {}, { at: undefined, needs: NEEDS.metadata });
  if (!data) throw new PermissionMissing(`GitHub does not say whose token it is: ${errors[0]?.message ?? ''}`);
  const { login: name, databaseId: id } = data.viewer;
  const login = name.endsWith('[bot]') ? name : `${name}[bot]`;
  return { login, id: id ?? 0, name: login, email: mailOf(login, id ?? undefined, addresses), bot: true };
}
const Viewer = z.object({ viewer: z.object({ login: z.string(), databaseId: z.number().nullish() }) });

const mailOf = (login: string, id: number | undefined, { mail }: Addresses) =>
  `${id === undefined ? '' : `${id}+`}${login}@${mail}`;
