import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { State } from '../../../activities/adapters/state/state.ts';
import { May, type Caller } from './permissions.ts';

const DAY_MS = 86_400_000;
/** The bytes of a token that nobody can guess. */
const SECRET_BYTES = 32;
/** How often the time of a token's last use is written, in milliseconds. */
const USED_MS = 60_000;

export interface TokenWish {
  name: string;
  may: readonly May[];
  workspace?: string | undefined;
  /** After how many days it ends. */
  days: number;
}

export interface TokenEntry {
  id: string;
  name: string;
  may: May[];
  workspace?: string | undefined;
  createdAt: string;
  expiresAt: string;
  revokedAt?: string | undefined;
  lastUsedAt?: string | undefined;
}

/** The tokens of programs that use the HTTP door. Only their hashes are kept. */
export class Tokens {
  constructor(private readonly state: State) {}

  /** Makes a token. Its text is returned once, and cannot be read again. */
  async create({ name, may, workspace, days }: TokenWish, now = Date.now()): Promise<TokenEntry & { token: string }> {
    const [id, token] = [randomUUID(), `gatehouse_${randomBytes(SECRET_BYTES).toString('base64url')}`];
    const times = { created_at: now, expires_at: now + days * DAY_MS };
    const row = { id, hash: hashOf(token), name, may: JSON.stringify(may), workspace: workspace ?? null, ...times };
    await this.state.query((db) => db.insertInto('tokens').values(row).execute());
    return { ...entryOf({ ...row, revoked_at: null, used_at: null }), token };
  }

  async list(): Promise<TokenEntry[]> {
    const rows = await this.state.query((db) => db.selectFrom('tokens').selectAll().orderBy('created_at').execute());
    return rows.map(entryOf);
  }

  /** Ends a token by its id or its name. Returns the ended ones. */
  async revoke(named: string, now = Date.now()): Promise<TokenEntry[]> {
    return this.state.transaction(async (db) => {
      const rows = await db
        .selectFrom('tokens')
        .selectAll()
        .where((each) => each.or([each('id', '=', named), each('name', '=', named)]))
        .where('revoked_at', 'is', null)
        .execute();
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) await db.updateTable('tokens').set({ revoked_at: now }).where('id', 'in', ids).execute();
      return rows.map((row) => entryOf({ ...row, revoked_at: now }));
    });
  }

  /** Who has this token. Undefined: nobody, or it has ended. It is found by its hash, so that no comparison tells its text. */
  async callerOf(token: string, now = Date.now()): Promise<Caller | undefined> {
    const row = await this.state.query((db) =>
      db.selectFrom('tokens').selectAll().where('hash', '=', hashOf(token)).executeTakeFirst(),
    );
    if (!row || row.revoked_at !== null || row.expires_at <= now) return undefined;
    if (now - (row.used_at ?? 0) > USED_MS)
      await this.state.query((db) => db.updateTable('tokens').set({ used_at: now }).where('id', '=', row.id).execute());
    const { name, may, workspace } = entryOf(row);
    return { id: `token:${row.id}`, name, via: 'http', grants: [{ may: new Set(may) }], workspace };
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

type Row = {
  id: string;
  name: string;
  may: string;
  workspace: string | null;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  used_at: number | null;
};

const entryOf = ({ id, name, may, workspace, created_at, expires_at, revoked_at, used_at }: Row): TokenEntry => ({
  id,
  name,
  // A later build may know more words. What this one does not know, it does not allow.
  may: (JSON.parse(may) as unknown[]).flatMap((word) => May.safeParse(word).data ?? []),
  ...(workspace !== null && { workspace }),
  createdAt: iso(created_at),
  expiresAt: iso(expires_at),
  ...(revoked_at !== null && { revokedAt: iso(revoked_at) }),
  ...(used_at !== null && { lastUsedAt: iso(used_at) }),
});

const iso = (ms: number): string => new Date(ms).toISOString();
