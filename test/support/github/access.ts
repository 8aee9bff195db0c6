import { createVerify, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Account, StubRepository } from './repository.ts';
import { notFound, Refusal, type Operation } from './routing.ts';

/** What a token may do. */
export interface Access {
  token: string;
  account: Account;
  kind: 'classic' | 'fine-grained' | 'installation' | 'app';
  /** Of fine-grained tokens and installations. */
  permissions?: Record<string, string>;
  /** The ids of the repositories that it is narrowed to. */
  repositories?: number[];
  /** In milliseconds since 1970. */
  expires?: number;
  /** Calls with the same name share a rate limit. */
  limit: string;
}

export interface StubApp {
  id: number;
  slug: string;
  /** In PEM. */
  key: string;
  publicKey: KeyObject;
  permissions: Record<string, string>;
  installation: { id: number; repositories: number[]; suspended: boolean };
  bot: Account;
}

export function newApp(
  id: number,
  slug: string,
  permissions: Record<string, string>,
  type: 'pkcs1' | 'pkcs8',
): StubApp {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const bot: Account = { id: id + 500_000, login: `${slug}[bot]`, type: 'Bot', app: { id, slug } };
  const key = privateKey.export({ type, format: 'pem' }).toString();
  const installation = { id: id + 900, repositories: [], suspended: false };
  return { id, slug, key, publicKey, permissions, installation, bot };
}

/** Whose signed claim this is. Throws GitHub's words about one that it refuses. */
export function appOf(jwt: string, apps: readonly StubApp[], now: number): StubApp {
  const [head = '', claim = '', signature = ''] = jwt.split('.');
  const { iss, iat, exp } = JSON.parse(Buffer.from(claim, 'base64url').toString()) as Record<string, any>;
  const app = apps.find(({ id }) => String(id) === String(iss));
  if (!app) throw new Refusal(401, 'Integration not found');
  const good = createVerify('RSA-SHA256').update(`${head}.${claim}`).verify(app.publicKey, signature, 'base64url');
  if (!good) throw new Refusal(401, 'A JSON web token could not be decoded');
  const seconds = now / 1_000;
  if (iat > seconds)
    throw new Refusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  if (exp > seconds + 600) throw new Refusal(401, "'Expiration time' claim ('exp') is too far in the future");
  if (exp < seconds)
    throw new Refusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  return app;
}

const suffices = (have: string | undefined, level: string) => have === 'write' || have === 'admin' || have === level;

/** Throws GitHub's refusal if the access may not do this to the repository. */
export function authorize(access: Access, operation: Operation, repository: StubRepository): void {
  const { repositories, permissions, kind, account } = access;
  if (repositories && !repositories.includes(repository.id)) throw notFound();
  const role = kind === 'installation' ? 'write' : repository.collaborators.get(account.login);
  if (role === undefined) throw notFound();
  if (!operation.needs) return;
  const [permission, level] = operation.needs;
  if (permissions && !suffices(permissions[permission], level)) {
    const by = kind === 'installation' ? 'integration' : 'personal access token';
    const headers = { 'x-accepted-github-permissions': `${permission}=${level}` };
    throw new Refusal(403, `Resource not accessible by ${by}`, { headers });
  }
  if (kind === 'installation') return;
  const administers = permission === 'administration' || permission === 'repository_hooks';
  if (administers && role !== 'admin') throw notFound();
  if (level === 'write' && role === 'read' && permission !== 'issues') throw notFound();
  if (level === 'write' && repository.archived) {
    throw new Refusal(403, 'Repository was archived so is read-only.');
  }
}
