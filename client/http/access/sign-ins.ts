import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Account } from '../../../activities/adapters/configuration/configuration.ts';
import type { State } from '../../../activities/adapters/state/state.ts';

/** How long a session lasts without use, and at most, and how long a link is good for, in milliseconds. */
export const LASTS_MS = { idle: 86_400_000, most: 14 * 86_400_000, link: 86_400_000 };
/** How often the time of a session's last use is written, in milliseconds. */
const SEEN_MS = 60_000;
const SECRET_BYTES = 32;

/** Who signed in. `link`: the operating system's user, by a link of the local stack. */
export interface SignedIn {
  through: Account['through'] | 'link';
  login: string;
}

export interface Session extends SignedIn {
  id: string;
}

/** What became of a link. `unknown`: there is no such link, or it is too old. */
export type LinkUsed = { is: 'good'; login: string } | { is: 'used' } | { is: 'unknown' };

/** The sessions of people. Only hashes of their secrets are kept. They are found by hash, so that no comparison tells a secret. */
export class SignIns {
  constructor(private readonly state: State) {}

  /** Begins a session. Its secret is always a new one, so that nobody can have chosen it before. Returns the secret. */
  async begin({ through, login }: SignedIn, now = Date.now()): Promise<string> {
    const secret = newSecret();
    const row = { hash: hashOf(secret), id: randomUUID(), through, login, created_at: now, seen_at: now };
    await this.state.query((db) => db.insertInto('sign_ins').values(row).execute());
    return secret;
  }

  /** The session with this secret. Undefined: there is none, or it has ended. */
  async find(secret: string, now = Date.now()): Promise<Session | undefined> {
    const hash = hashOf(secret);
    const row = await this.state.query((db) =>
      db.selectFrom('sign_ins').selectAll().where('hash', '=', hash).executeTakeFirst(),
    );
    if (!row) return undefined;
    if (now - row.seen_at > LASTS_MS.idle || now - row.created_at > LASTS_MS.most) {
      await this.end(secret);
      return undefined;
    }
    if (now - row.seen_at > SEEN_MS)
      await this.state.query((db) =>
        db.updateTable('sign_ins').set({ seen_at: now }).where('hash', '=', hash).execute(),
      );
    return { id: row.id, through: row.through as SignedIn['through'], login: row.login };
  }

  /** Ends one session. */
  async end(secret: string): Promise<void> {
    await this.state.query((db) => db.deleteFrom('sign_ins').where('hash', '=', hashOf(secret)).execute());
  }

  /** Ends all sessions of an account, on every machine. */
  async endAll({ through, login }: SignedIn): Promise<void> {
    await this.state.query((db) =>
      db.deleteFrom('sign_ins').where('through', '=', through).where('login', '=', login).execute(),
    );
  }

  /** Makes a link that signs the operating system's user in once. Returns its secret. */
  async link(login: string, now = Date.now()): Promise<string> {
    const secret = newSecret();
    const row = { hash: hashOf(secret), login, created_at: now };
    await this.state.query((db) => db.insertInto('sign_in_links').values(row).execute());
    return secret;
  }

  /** Uses a link up. */
  async useLink(secret: string, now = Date.now()): Promise<LinkUsed> {
    const hash = hashOf(secret);
    return this.state.transaction(async (db) => {
      const row = await db.selectFrom('sign_in_links').selectAll().where('hash', '=', hash).executeTakeFirst();
      if (!row || now - row.created_at > LASTS_MS.link) return { is: 'unknown' };
      const { numUpdatedRows } = await db
        .updateTable('sign_in_links')
        .set({ used_at: now })
        .where('hash', '=', hash)
        .where('used_at', 'is', null)
        .executeTakeFirst();
      return numUpdatedRows > 0n ? { is: 'good', login: row.login } : { is: 'used' };
    });
  }
}

const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
