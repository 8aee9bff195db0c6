import { headerOf, type Wire } from '../../git/wire/wire.ts';

/** How long the forge may take to say where a repository went, in milliseconds. */
const ASK_MS = 30_000;
const QUESTION = '/info/refs?service=git-upload-pack';

/**
 * Where the forge redirects git for this repository, as one that was renamed. The credentials go along only to the same
 * host and port, and never to an address without TLS if the old one has it. Undefined: it does not, or not to a repository.
 */
export async function redirected({ url, login }: Wire): Promise<Wire | undefined> {
  const [name = '', value = ''] = login ? headerOf(login).split(/: (.*)/) : [];
  const answer = await fetch(`${url}${QUESTION}`, {
    redirect: 'manual',
    headers: { ...(login && { [name]: value }) },
    signal: AbortSignal.timeout(ASK_MS),
  });
  await answer.body?.cancel();
  const location = answer.headers.get('location');
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) return undefined;
  const next = new URL(location, url);
  const isWorse = next.protocol !== 'https:' && next.protocol !== new URL(url).protocol;
  if (isWorse || next.username !== '' || !next.href.endsWith(QUESTION)) return undefined;
  return { url: next.href.slice(0, -QUESTION.length), ...(next.origin === new URL(url).origin && login && { login }) };
}
