import { repositoryOf, userOf } from '../answers.ts';
import { filled } from '../contract.ts';
import { notFound, operation, Refusal } from '../routing.ts';

const appOf = (call: Parameters<Parameters<typeof operation>[2]>[0]) => {
  const app = call.stub.apps.find(({ bot }) => bot === call.access.account);
  if (!app) throw notFound();
  return app;
};

export const identity = [
  operation('GET /user', undefined, ({ access }) => {
    if (access.kind === 'installation') throw new Refusal(403, 'Resource not accessible by integration');
    return { body: { ...userOf(access.account), name: null, email: null } };
  }),
  operation('GET /users/{username}', undefined, ({ stub, params }) => {
    const account = stub.accounts.get(params['username']!);
    if (!account) throw notFound();
    return { body: { ...userOf(account), name: null, email: null } };
  }),
  operation('GET /rate_limit', undefined, ({ stub, access }) => {
    const { of, left, reset } = stub.limits.get(access.limit) ?? { of: 5_000, left: 4_999, reset: 1_900_000_000 };
    const core = { limit: of, remaining: left, used: of - left, reset };
    return { body: filled('rate-limit-overview', { resources: { core, search: core }, rate: core }) };
  }),
  operation('GET /app', undefined, (call) => {
    const { id, slug, permissions } = appOf(call);
    const owner = filled('simple-user', { login: 'acme' });
    return { body: filled('integration', { id, slug, name: slug, permissions, owner }) };
  }),
  operation('GET /app/installations', undefined, (call) => ({ body: [{ id: appOf(call).installation.id }] })),
  operation('GET /repos/{owner}/{repo}/installation', undefined, (call) => {
    const { installation, permissions } = appOf(call);
    if (!installation.repositories.includes(call.repository.id)) throw notFound();
    return { body: { id: installation.id, permissions } };
  }),
  operation('POST /app/installations/{installation_id}/access_tokens', undefined, (call) => {
    const { stub, body, params } = call;
    const app = appOf(call);
    const { installation, permissions } = app;
    if (String(installation.id) !== params['installation_id']) throw notFound();
    if (installation.suspended) throw new Refusal(403, 'This installation has been suspended');
    const names = body['repositories'] as string[] | undefined;
    const own = stub.repositories.filter(({ id }) => installation.repositories.includes(id));
    const wanted = names ? own.filter(({ name }) => names.includes(name)) : own;
    if (names && wanted.length < names.length) {
      throw new Refusal(
        422,
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      );
    }
    const asked = (body['permissions'] as Record<string, string> | undefined) ?? permissions;
    for (const [name, level] of Object.entries(asked)) {
      const have = permissions[name];
      if (have === undefined || (have === 'read' && level === 'write')) {
        throw new Refusal(422, 'The permissions requested are not granted to this installation.');
      }
    }
    const access = stub.installationToken(
      app,
      asked,
      wanted.map(({ id }) => id),
    );
    const token = { token: access.token, expires_at: new Date(access.expires!).toISOString(), permissions: asked };
    return { status: 201, body: filled('installation-token', { ...token, repository_selection: 'selected' }) };
  }),
  operation('GET /repos/{owner}/{repo}', 'metadata: read', async ({ stub, repository, access }) => {
    const role = access.kind === 'installation' ? 'write' : repository.collaborators.get(access.account.login);
    return { body: repositoryOf(stub, repository, role, (await repository.headOf('main')) === undefined) };
  }),
];
