import { createPrivateKey, createSign } from 'node:crypto';
import { z } from 'zod';
import { CredentialsRefused, NotThere, PermissionMissing } from '../../hosted/failures.ts';
import type { Secret } from '../../hosted/secrets.ts';
import type { Authorization, Credentials, Place } from './credentials.ts';
import type { Permissions } from './permissions.ts';
import { wordsIn } from './schemas.ts';
import type { Sender } from './sender.ts';

/** Tokens are made anew this long before they expire, in milliseconds. */
const BEFORE_MS = 5 * 60_000;
/** How often refused tokens are made anew at most, in milliseconds. */
const ANEW_MS = 60_000;
/** GitHub accepts 10 minutes. The past minute and the missing one are for clocks that differ. In seconds. */
const JWT = { before: 60, after: 540 };
/** Clocks that differ by more than this are why GitHub refuses a signed claim. In milliseconds. */
const SKEW_MS = 20_000;

const Token = z.object({ token: z.string().min(1), expires_at: z.string() });
const Installation = z.object({ id: z.number().int() });

interface Cached extends Authorization {
  /** In milliseconds since 1970, by GitHub's clock. */
  expires: number;
  place: string;
}

/**
 * The credentials of a GitHub App. Each call has a token that is narrowed to the repository and to what the call needs.
 * Tokens are kept in memory only.
 */
export class AppCredentials implements Credentials {
  readonly kind = 'app';
  private readonly installations = new Map<string, Promise<number>>();
  private readonly ready = new Map<string, Cached>();
  private readonly making = new Map<string, Promise<Cached>>();
  private readonly anew = new Map<string, number>();

  constructor(
    readonly appId: string,
    private readonly key: Secret,
    private readonly sender: Sender,
  ) {
    privateKeyOf(key.current);
  }

  /** `narrow`: false where the repository's present name is what is asked. */
  async of(place: Place, needs: Permissions, { narrow = true }: { narrow?: boolean } = {}): Promise<Authorization> {
    const key = `${placeOf(place)} ${narrow} ${JSON.stringify(Object.entries(needs).sort())}`;
    const ready = this.ready.get(key);
    if (ready && ready.expires - BEFORE_MS > this.now()) return ready;
    const making = this.making.get(key);
    if (making) return making;
    const made = this.make(place, needs, narrow).then((token) => {
      this.ready.set(key, token);
      return token;
    });
    this.making.set(key, made);
    return made.finally(() => this.making.delete(key));
  }

  /** Each kind of token is made anew once, because all of an installation may be revoked in one moment. */
  renew({ token }: Authorization): boolean {
    const [key] = [...this.ready].find(([, each]) => each.token === token) ?? [];
    // Another call has replaced it meanwhile.
    if (key === undefined) return true;
    if (!this.mayMakeAnew(key)) return false;
    this.ready.delete(key);
    return true;
  }

  forget(place: Place): boolean {
    const where = placeOf(place);
    if (!this.mayMakeAnew(`git ${where}`)) return false;
    this.drop((each) => each.place === where);
    return true;
  }

  /** The App has been installed or removed somewhere. */
  forgetAll(): void {
    this.ready.clear();
    this.installations.clear();
  }

  /** A call on behalf of the App itself. */
  async asApp<Of>(calling: (sending: { as: string; authorization: string }) => Promise<Of>): Promise<Of> {
    const skew = this.sender.transport.skewMs;
    try {
      return await calling({ as: 'app', authorization: `Bearer ${this.signed()}` });
    } catch (error) {
      const learned = Math.abs(this.sender.transport.skewMs - skew) > SKEW_MS;
      if (!(error instanceof CredentialsRefused) || !(learned || this.key.renew())) throw error;
      this.sender.transport.renewed('app');
      return calling({ as: 'app', authorization: `Bearer ${this.signed()}` });
    }
  }

  private async make(place: Place, needs: Permissions, narrow: boolean): Promise<Cached> {
    const id = await this.installationOf(place);
    const { status, data, call } = await this.asApp((sending) =>
      this.sender.send(
        'POST /app/installations/{installation_id}/access_tokens',
        { installation_id: id, permissions: needs, ...(place && narrow && { repositories: [place.name] }) },
        { ...sending, expected: [404, 422] },
      ),
    );
    if (status === 201) {
      const { token, expires_at: expires } = this.sender.transport.fitting(Token, data, call);
      return { as: `installation ${id}`, token, expires: Date.parse(expires), place: placeOf(place) };
    }
    this.installations.delete(placeOf(place));
    const words = wordsIn(data);
    const where = place ? ` of ${placeOf(place)}` : '';
    if (status === 404) throw new NotThere(`GitHub knows no installation of our App for a token${where}: ${words}`);
    if (/repositor/i.test(words)) throw new NotThere(`Our App is not installed on the repository${where}: ${words}`);
    const wanted = Object.entries(needs).map(([name, level]) => `${name}: ${level}`);
    throw new PermissionMissing(`Our App may not have ${wanted.join(', ')}${where}: ${words}`);
  }

  /** The installation of the App that has this repository, or any one. */
  private async installationOf(place: Place): Promise<number> {
    const where = placeOf(place);
    const known = this.installations.get(where);
    if (known) return known;
    const found = place ? this.installationAt(place) : this.anyInstallation();
    this.installations.set(where, found);
    found.catch(() => this.installations.delete(where));
    return found;
  }

  private async installationAt({ owner, name: repo }: NonNullable<Place>): Promise<number> {
    const { status, data, call } = await this.asApp((sending) =>
      this.sender.send('GET /repos/{owner}/{repo}/installation', { owner, repo }, { ...sending, expected: [404] }),
    );
    if (status === 404) throw new NotThere(`${owner}/${repo} is not there, or our App is not installed on it.`);
    return this.sender.transport.fitting(Installation, data, call).id;
  }

  private async anyInstallation(): Promise<number> {
    const { data, call } = await this.asApp((sending) =>
      this.sender.send('GET /app/installations', { per_page: 1 }, sending),
    );
    const [first] = this.sender.transport.fitting(z.array(Installation), data, call);
    if (first) return first.id;
    throw new NotThere('Our App is installed nowhere.');
  }

  private signed(): string {
    const seconds = Math.floor(this.now() / 1_000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claim = { iat: seconds - JWT.before, exp: seconds + JWT.after, iss: this.appId };
    const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claim)}`;
    const key = privateKeyOf(this.key.current);
    return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
  }

  private drop(which: (cached: Cached) => boolean): void {
    for (const [key, cached] of this.ready) if (which(cached)) this.ready.delete(key);
  }

  private mayMakeAnew(what: string): boolean {
    const [now, last] = [this.now(), this.anew.get(what) ?? 0];
    for (const [each, at] of this.anew) if (now - at > ANEW_MS) this.anew.delete(each);
    if (now - last < ANEW_MS) return false;
    this.anew.set(what, now);
    return true;
  }

  /** By GitHub's clock. */
  private now(): number {
    return Date.now() + this.sender.transport.skewMs;
  }
}

/** A key in PEM, whose line breaks may be written as `\n`. Throws a line about the variable, without the key. */
function privateKeyOf(text: string) {
  try {
    return createPrivateKey(text.replaceAll('\\n', '\n'));
  } catch {
    throw new Error('GATEHOUSE_GITHUB_APP_KEY: expected a private key in PEM');
  }
}

const placeOf = (place: Place) => (place ? `${place.owner}/${place.name}`.toLowerCase() : '');
