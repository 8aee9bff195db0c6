import type { HostedRepository } from '../../hosted/api.ts';
import type { Secret } from '../../hosted/secrets.ts';
import type { Permissions } from './permissions.ts';

/** Where a call goes. Undefined: to no repository. */
export type Place = Pick<HostedRepository, 'owner' | 'name'> | undefined;

/** What a call is authorized with. */
export interface Authorization {
  /** The name under which calls wait together. */
  as: string;
  token: string;
}

/** Whose credentials we use: those of a token, or of an App. */
export interface Credentials {
  readonly kind: 'token' | 'app';
  /** What a call to this place needs. An App's token is narrowed to the repository and the permissions. */
  of(place: Place, needs: Permissions, how?: { narrow?: boolean }): Promise<Authorization>;
  /** Forgets credentials that were refused. True: others can be had, so the call is worth another try. */
  renew(refused: Authorization): boolean;
  /** Forgets all cached credentials of the place. True: others can be had. */
  forget(place: Place): boolean;
  /** Forgets everything that is cached. */
  forgetAll(): void;
}

/** A token that an operator made. Nobody can narrow it, or ask what it may. */
export class TokenCredentials implements Credentials {
  readonly kind = 'token';

  constructor(private readonly secret: Secret) {}

  async of(): Promise<Authorization> {
    return { as: 'token', token: this.secret.current };
  }

  renew({ token }: Authorization): boolean {
    return this.secret.current !== token || this.secret.renew();
  }

  forget(): boolean {
    return this.secret.renew();
  }

  forgetAll(): void {}
}
