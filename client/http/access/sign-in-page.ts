/** What the page at `/sign-in` shows. */
export interface SignInView {
  /** The ways to sign in: what their button says, and where it leads. */
  ways: readonly { label: string; href: string }[];
  /** Why somebody did not get in, or what has just happened. */
  notice?: string | undefined;
}

/** The page at `/sign-in`, as HTML. */
export function signInPage({ ways, notice }: SignInView): string {
  const items = ways.map(({ label, href }) => `<li><a href="${escaped(href)}">${escaped(label)}</a></li>`);
  const none = '<p>This door has no sign-in yet. See GATEHOUSE_OIDC_ISSUER in CONFIGURATION.</p>';
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in: gatehouse</title>',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<main><h1>Sign in</h1>',
    notice === undefined ? '' : `<p role="status">${escaped(notice)}</p>`,
    items.length > 0 ? `<ul>${items.join('')}</ul>` : none,
    '</main></html>',
  ].join('\n');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
