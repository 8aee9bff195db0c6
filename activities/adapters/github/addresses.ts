/** Where one GitHub is. No address has a slash at its end. */
export interface Addresses {
  api: string;
  graphql: string;
  /** Its pages, and git. */
  pages: string;
  /** The domain of the e-mail addresses that GitHub gives to its accounts. */
  mail: string;
}

export const API_EXPECTED = 'https://api.github.com, or an address as https://HOST/api/v3 without credentials';

/** The addresses of the GitHub with this API. Undefined: it is in no form that GitHub has. */
export function addressesOf(url: string): Addresses | undefined {
  const text = url.replace(/\/$/, '');
  if (text === 'https://api.github.com') {
    const pages = 'https://github.com';
    return { api: text, graphql: `${text}/graphql`, pages, mail: 'users.noreply.github.com' };
  }
  const [, pages, host] = /^(https?:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?)\/api\/v3$/i.exec(text) ?? [];
  if (pages === undefined || host === undefined || !URL.canParse(pages)) return undefined;
  const { origin } = new URL(pages);
  return {
    api: `${origin}/api/v3`,
    graphql: `${origin}/api/graphql`,
    pages: origin,
    mail: `users.noreply.${host.toLowerCase()}`,
  };
}
