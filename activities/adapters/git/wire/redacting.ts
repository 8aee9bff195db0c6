/** User name and password in an address, and the value of an authorization header. */
const IN_ADDRESS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@'"]+@/gi;
const IN_HEADER = /(\bauthorization: *\w+ +)\S+/gi;
/** Tokens of forges, by their prefixes. */
const TOKENS = /\b(?:gh[opsur]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,})/g;

/** Returns a function that takes these secrets, and whatever else looks like one, out of a text. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const long = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).filter(({ length }) => length > 3);
  return (text) =>
    [...new Set(long)]
      .reduce((left, secret) => left.replaceAll(secret, '***'), text)
      .replace(IN_ADDRESS, '$1***@')
      .replace(IN_HEADER, '$1***')
      .replace(TOKENS, '***');
}
