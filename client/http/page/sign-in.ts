import type { SignInView } from '../access/signing-in.ts';
import { html, type Html } from './html.ts';
import { page } from './layout.ts';

/** The page at `/sign-in`. */
export const signInPage = ({ ways, notice }: SignInView): Html =>
  page(undefined, {
    title: 'Sign in',
    content: html`<h1>Sign in</h1>
      ${notice !== undefined && html`<p role="status">${notice}</p>`}
      ${
        ways.length > 0
          ? html`<ul class="ways">
              ${ways.map(({ label, href }) => html`<li><a class="button" href="${href}">${label}</a></li>`)}
            </ul>`
          : html`<p>
              Open the link that <code>gatehouse up</code> prints. Other ways to sign in are variables: see
              <code>GATEHOUSE_OIDC_ISSUER</code> in CONFIGURATION.
            </p>`
      }`,
  });
