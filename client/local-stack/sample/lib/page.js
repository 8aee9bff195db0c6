import { money } from './money.js';
import { totalsOf } from './totals.js';

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
const row = (cells) => `<tr>${cells.map((cell) => `<td>${escape(cell)}</td>`).join('')}</tr>`;

export const pageOf = (items) => `<!doctype html>
<meta charset="utf-8">
<title>Basket</title>
<style>body { font: 16px/1.5 sans-serif; margin: 3rem auto; max-width: 30rem } td { padding: 0 1rem 0 0 }</style>
<h1>Your basket</h1>
<table>
${items.map(({ name, price, count }) => row([name, `${count} ×`, money(price)])).join('\n')}
${totalsOf(items)
  .map(([label, cents]) => row([label, '', money(cents)]))
  .join('\n')}
</table>
`;
