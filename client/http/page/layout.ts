import { addressOf } from './assets.ts';
import { html, type Content, type Html } from './html.ts';

/** What every page is drawn with. */
export interface View {
  /** The visitor's name. */
  who: string;
  csrf: string;
  /** Now, in milliseconds since 1970. */
  now: number;
}

export interface Sheet {
  title: string;
  /** Which entry of the navigation this is. */
  place?: 'inbox' | 'runs' | undefined;
  /** The events that make the script read the page again. */
  events?: string | undefined;
  /** What keyboards can skip to first. Default: the contents. */
  skip?: { to: string; label: string } | undefined;
  content: Content;
}

/** A whole page. */
export const page = (view: View | undefined, { title, place, events, skip, content }: Sheet): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · gatehouse</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${addressOf('page.css')}" />
        <script src="${addressOf('page.js')}" defer></script>
      </head>
      <body data-events="${events ?? ''}">
        <a class="skip" href="#${skip?.to ?? 'main'}">${skip?.label ?? 'Skip to the contents'}</a>
        <header class="top">
          <a class="brand" href="/inbox">gatehouse</a>
          ${view && navigation(place)} ${view && signedIn(view)}
        </header>
        <main id="main" tabindex="-1">
          <div id="news" role="status"></div>
          ${content}
        </main>
      </body>
    </html> `;

const navigation = (place: Sheet['place']): Html =>
  html`<nav aria-label="Main">
    ${link('/inbox', 'Inbox', place === 'inbox')} ${link('/runs', 'Runs', place === 'runs')}
  </nav>`;

/** A link that says whether it is where the reader is. */
export const link = (to: string, label: Content, isHere: boolean): Html =>
  isHere ? html`<a href="${to}" aria-current="page">${label}</a>` : html`<a href="${to}">${label}</a>`;

const signedIn = ({ who, csrf }: View): Html =>
  html`<form class="me" method="post" action="/sign-out">
    <span>${who}</span>
    <input type="hidden" name="csrf" value="${csrf}" />
    <button class="quiet">Sign out</button>
  </form>`;

/** A page that only says one thing, such as that there is no such run. */
export const notePage = (view: View | undefined, title: string, said: string): Html =>
  page(view, {
    title,
    content: html`<h1>${title}</h1>
      <p>${said}</p>
      <p><a href="/inbox">To the inbox</a></p>`,
  });
