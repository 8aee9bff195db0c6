import type { Identity } from '../../git/signing.ts';
import type { HostedApi } from '../api.ts';

/** Returns who makes our commits: whoever the variables name, or the forge's account if it is a bot, or gatehouse. */
export function committerOf(
  api: Pick<HostedApi, 'me'>,
  { name, email }: { name?: string | undefined; email?: string | undefined } = {},
): () => Promise<Identity | undefined> {
  let known: { bot: Identity | undefined } | undefined;
  return async () => {
    if (name !== undefined && email !== undefined) return { name, email };
    if (!known) {
      const me = await api.me();
      known = { bot: me.bot ? { name: me.login, email: me.email } : undefined };
    }
    if (name === undefined && email === undefined) return known.bot;
    return { name: name ?? known.bot?.name ?? 'gatehouse', email: email ?? known.bot?.email ?? 'gatehouse@localhost' };
  };
}
