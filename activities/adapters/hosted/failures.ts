/**
 * Why a hosted forge gave no answer. All of them are transient for a run that is under way: it waits on the forge and shows
 * the message. An examination turns `Refused`, `CredentialsRefused` and `PermissionMissing` into bad fields.
 */
export abstract class ForgeFailure extends Error {
  /** By this a run that is under way learns at once that it waits on the forge. */
  readonly port = 'forge';
  /** When to ask again, in milliseconds from now. Undefined: at the usual pace. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { retryAfterMs, cause }: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = new.target.name;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Timeouts, resets, 5xx, a body that is no JSON, or an answer that does not fit its schema. */
export class ForgeUnavailable extends ForgeFailure {}

/** The rate limit is used up. All calls with these credentials wait. */
export class RateLimited extends ForgeFailure {}

/** 401: our credentials are refused. They are checked again every minute, for all runs at once. */
export class CredentialsRefused extends ForgeFailure {}

/** 403 that is no rate limit. The message names the call and what it needs. */
export class PermissionMissing extends ForgeFailure {}

/** 404, 410, 423: it is not there, not visible to us, or archived. */
export class NotThere extends ForgeFailure {}

/** Any other refusal (400, 405, 409, 422), with the forge's own words. */
export class Refused extends ForgeFailure {
  constructor(
    message: string,
    readonly status: number,
    /** The forge's own words, without ours. */
    readonly words: string,
  ) {
    super(message);
  }
}
