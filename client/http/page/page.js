/* global document, window, location, EventSource, DOMParser, URL, fetch, setTimeout, clearTimeout, CSS */
// The page works without this. With it, it follows the run: parts that have changed are replaced, unless somebody writes there.
'use strict';

const news = document.getElementById('news');

/** Whether a part holds what its reader has begun: a focused or changed field. */
function isInUse(part) {
  const active = document.activeElement;
  if (active && active !== document.body && part.contains(active) && active.matches('input, textarea, select'))
    return true;
  return [...part.querySelectorAll('textarea, input, select')].some(
    (field) =>
      field.type !== 'hidden' &&
      (field.type === 'checkbox'
        ? field.checked !== field.defaultChecked
        : field.tagName === 'SELECT'
          ? [...field.options].some((option) => option.selected !== option.defaultSelected && option.defaultSelected)
          : field.value !== field.defaultValue),
  );
}

/** Says that the question has changed, with a button that shows the present one and keeps what was typed. */
function tell(held) {
  if (!news) return;
  const note = document.createElement('p');
  note.className = 'notice';
  note.textContent =
    'The change moved while you looked. What you typed is still here, but it answers an earlier question. ';
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Show the present one';
  button.addEventListener('click', () => {
    for (const [part, next] of held) carry(part, next);
    news.replaceChildren();
  });
  note.append(button);
  news.replaceChildren(note);
}

/** Replaces a part, and puts back into its fields what was typed. */
function carry(part, next) {
  const typed = [...part.querySelectorAll('textarea, select, input:not([type="hidden"], [type="checkbox"])')];
  replace(part, next);
  for (const { id, value, defaultValue } of typed) {
    const field = id && value !== defaultValue && document.getElementById(id);
    if (field) field.value = value;
  }
}

/** What differs between two readings of the same state: times, and the ids of forms. */
const stable = (part) =>
  part.innerHTML
    .replace(/name="(actionId|csrf)" value="[^"]*"/g, '')
    .replace(/<details([^>]*?) open(="")?/g, '<details$1')
    .replace(/<time[^>]*>[^<]*<\/time>|<span class="time">[^<]*<\/span>/g, '');

/** Replaces a part, and keeps open what its reader has opened, and the focus. */
function replace(part, fresh) {
  const open = new Set([...part.querySelectorAll('details[open][id]')].map(({ id }) => id));
  const closed = new Set([...part.querySelectorAll('details:not([open])[id]')].map(({ id }) => id));
  for (const details of fresh.querySelectorAll('details[id]')) {
    if (open.has(details.id)) details.open = true;
    else if (closed.has(details.id)) details.open = false;
  }
  const active = part.contains(document.activeElement) ? document.activeElement : undefined;
  const focused = active && (active.id || (active.closest('details[id]') || {}).id);
  part.replaceWith(fresh);
  const target = focused && document.getElementById(focused);
  if (target) (target.tagName === 'DETAILS' ? target.querySelector('summary') : target).focus();
}

let reading = false;
let again = false;

/** Reads the page again, and replaces what has changed. */
async function refresh() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  try {
    const url = new URL(location.href);
    url.searchParams.delete('sent');
    const answer = await fetch(url, { headers: { accept: 'text/html' }, credentials: 'same-origin' });
    if (!answer.ok || new URL(answer.url).pathname !== location.pathname) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    update(fresh);
  } catch {
    // The door is away. The next event, or the reader, asks again.
  } finally {
    reading = false;
    if (again) {
      again = false;
      void refresh();
    }
  }
}

function update(fresh) {
  document.title = fresh.title;
  const held = [];
  for (const part of document.querySelectorAll('[data-part]')) {
    const name = part.dataset.part;
    const next = fresh.querySelector(`[data-part="${CSS.escape(name)}"]`);
    if (!next) {
      if (!isInUse(part)) part.remove();
      continue;
    }
    if (name === 'change' || stable(part) === stable(next)) continue;
    if (!isInUse(part)) replace(part, next);
    else if (part.dataset.visit !== next.dataset.visit || part.dataset.head !== next.dataset.head)
      held.push([part, next]);
  }
  // A new part comes before the first one that was there before and follows it.
  for (const next of fresh.querySelectorAll('[data-part]')) {
    if (document.querySelector(`[data-part="${CSS.escape(next.dataset.part)}"]`)) continue;
    const after = next.previousElementSibling;
    const anchor =
      after && after.dataset.part && document.querySelector(`[data-part="${CSS.escape(after.dataset.part)}"]`);
    if (anchor) anchor.after(next);
  }
  if (held.length > 0) tell(held);
}

/** Follows the events that the page names. */
function follow() {
  const address = document.body.dataset.events;
  if (!address || !window.EventSource) return;
  let later;
  const soon = () => {
    clearTimeout(later);
    later = setTimeout(refresh, 300);
  };
  const events = new EventSource(address);
  events.addEventListener('run', soon);
  events.addEventListener('row', soon);
  events.addEventListener('end', () => {
    events.close();
    soon();
  });
}

/** Reads the diff into the page, so that nobody has to follow the link. */
async function load(link) {
  link.setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(link.href, { credentials: 'same-origin' });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const part = fresh.getElementById(link.dataset.load);
    if (part) link.parentElement.replaceWith(part);
  } finally {
    link.removeAttribute('aria-busy');
  }
}

for (const link of document.querySelectorAll('a[data-load]')) void load(link);

/** A log that is still written is read again every two seconds while somebody looks at it. */
function followLog(log) {
  setTimeout(async () => {
    if (document.visibilityState === 'visible') {
      const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
      const answer = await fetch(location.href, { credentials: 'same-origin' }).catch(() => undefined);
      const fresh =
        answer?.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('log');
      if (fresh) {
        log.textContent = fresh.textContent;
        log.dataset.live = fresh.dataset.live;
        if (isAtEnd) log.scrollTop = log.scrollHeight;
      }
    }
    if (log.dataset.live) followLog(log);
  }, 2_000);
}

const log = document.querySelector('pre[data-live="log"]');
if (log) followLog(log);

/** Opens the form that an address names, and puts the focus into its first field. */
function openNamed() {
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named || named.tagName !== 'DETAILS') return;
  named.open = true;
  const field = named.querySelector('textarea, select, input:not([type="hidden"])');
  if (field) field.focus();
}
window.addEventListener('hashchange', openNamed);
document.addEventListener('click', (event) => {
  const link = event.target.closest && event.target.closest('a[href*="#act-"]');
  if (!link) return;
  const { hash } = new URL(link.href);
  const chosen = link.dataset.choose && document.querySelector(`${hash} select[name="finding"]`);
  if (chosen) chosen.value = link.dataset.choose;
  if (hash === location.hash) openNamed();
});
openNamed();

/** A form is sent once. */
document.addEventListener('submit', (event) => {
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = 'yes';
  return undefined;
});
window.addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset.sent;
});

const refusal = document.getElementById('refusal');
if (refusal) refusal.focus();
if (!document.hidden) follow();
else document.addEventListener('visibilitychange', follow, { once: true });
