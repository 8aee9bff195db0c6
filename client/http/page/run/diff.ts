import parseDiff from 'parse-diff';
import { html, type Content, type Html } from '../html.ts';

/** Files beyond this number begin closed. */
const OPEN = 10;
/** Longer files begin closed, in lines. */
const LONG = 400;

type File = ReturnType<typeof parseDiff>[number];
type Change = File['chunks'][number]['changes'][number];

/** A diff, file by file. What cannot be read as one is shown as it is. */
export function drawDiff(text: string, isCut: boolean): Content {
  if (text.trim() === '') return html`<p>There is nothing in it: the change is the same as its base.</p>`;
  const files = parseDiff(text);
  const cut = isCut && html`<p class="notice">The diff is longer than what is shown. Read all of it with git.</p>`;
  if (files.length === 0) return [cut, html`<pre class="diff" tabindex="0">${text}</pre>`];
  const [added, gone] = [sum(files.map(({ additions }) => additions)), sum(files.map(({ deletions }) => deletions))];
  return html`${cut}
    <p class="soft">${files.length} ${files.length === 1 ? 'file' : 'files'}, ${added} added, ${gone} removed</p>
    ${files.map(drawFile)}`;
}

const sum = (counts: readonly number[]): number => counts.reduce((all, each) => all + each, 0);

function drawFile(file: File, n: number): Html {
  const lines = sum(file.chunks.map(({ changes }) => changes.length));
  const isOpen = n < OPEN && lines <= LONG;
  const name = nameOf(file);
  return html`<details class="file" ${isOpen && html` open`}>
    <summary><code>${name}</code> <span class="soft">+${file.additions} −${file.deletions}</span></summary>
    <div class="wide" tabindex="0" role="region" aria-label="${name}">
      <table class="diff">
        <tbody>
          ${file.chunks.map(
            ({ content, changes }) =>
              html`<tr class="at">
                  <td colspan="4">${content}</td>
                </tr>
                ${changes.map(drawLine)}`,
          )}
        </tbody>
      </table>
    </div>
    ${lines === 0 && html`<p class="soft">No lines: it was renamed, or is binary.</p>`}
  </details>`;
}

function nameOf({ from = '', to = '', new: isNew, deleted }: File): string {
  if (isNew === true) return `${to} (new)`;
  if (deleted === true) return `${from} (removed)`;
  return from === to ? to : `${from} → ${to}`;
}

/** A line, with its sign as text, because a colour alone tells some people nothing. */
function drawLine(change: Change): Html {
  const [before, after] =
    change.type === 'normal' ? [change.ln1, change.ln2] : change.type === 'add' ? ['', change.ln] : [change.ln, ''];
  const sign = change.type === 'add' ? '+' : change.type === 'del' ? '−' : '';
  return html`<tr class="${change.type}">
    <td class="n">${before}</td>
    <td class="n">${after}</td>
    <td class="sign">${sign}</td>
    <td class="code">${change.content.slice(1)}</td>
  </tr>`;
}
