// Roles that write additional files: mocks, an end-to-end test and documentation. Running them again changes nothing.
import { edit, euros, job, node, read, stage, totals } from './shared.mjs';

const PAGE_TEST = `import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { basket } from '../lib/basket.js';
import { money } from '../lib/money.js';
import { totalsOf } from '../lib/totals.js';

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

test('the page, as a browser gets it, shows every item and every total', async () => {
  const port = await freePort();
  const shop = spawn(process.execPath, ['server.js'], { env: { ...process.env, PORT: String(port) } });
  try {
    await new Promise((resolve) => shop.stdout.once('data', resolve));
    const page = await (await fetch(\`http://127.0.0.1:\${port}/\`)).text();
    for (const { name } of basket) assert.ok(page.includes(name), name);
    for (const [label, cents] of totalsOf(basket)) assert.ok(page.includes(\`<td>\${label}</td><td></td><td>\${money(cents)}\`), label);
  } finally {
    shop.kill();
  }
});
`;

/** Writes a section of a document: replaces the section with this heading, or appends it. */
const section = (file, heading, body) =>
  edit(file, (text) => {
    const kept = text.replace(new RegExp(`\\n*## ${heading}\\n[^]*?(?=\\n## |$)`), '');
    return `${kept.trimEnd()}\n\n## ${heading}\n\n${body}\n`.trimStart();
  });

export const writing = {
  async mocker() {
    await stage(0, 1, 'writing a stand-in for the price list');
    const script = `import('./lib/basket.js').then(({ basket }) => console.log(JSON.stringify(basket)))`;
    const items = JSON.parse(node('--input-type=module', '-e', script).stdout);
    const prices = Object.fromEntries(items.map(({ name, price }) => [name, price]));
    const reply = { request: 'GET /prices', status: 200, body: { currency: 'EUR', prices } };
    edit('mocks/prices.json', () => `${JSON.stringify(reply, null, 2)}\n`);
    return { summary: `mocks/prices.json answers for the price list: ${items.length} prices, as the basket has them.` };
  },

  async playwright() {
    await stage(0, 2, 'writing a test of the page');
    edit('test/page.test.js', () => PAGE_TEST);
    await stage(1, 2, 'running it');
    const { status } = node('--test', 'test/page.test.js');
    return { summary: `test/page.test.js opens the shop and reads its page: ${status === 0 ? 'green' : 'red'}.` };
  },

  async documenter() {
    await stage(0, 1, 'writing down what the page shows');
    const rows = totals().map(([label, cents]) => `- ${label}: ${euros(cents)} for the basket in \`lib/basket.js\``);
    section('README.md', 'What the page adds up', rows.join('\n'));
    return { summary: `README.md says what the page adds up: ${rows.length} ${rows.length === 1 ? 'row' : 'rows'}.` };
  },

  async 'business-documenter'() {
    await stage(0, 1, 'writing down what was decided');
    const asked = job.task.description?.trim() || 'Nothing was asked for beyond the title.';
    const quoted = asked.split('\n').map((line) => `> ${line}`.trimEnd());
    edit('docs/business.md', (text) => text || '# What the shop does, and why\n');
    section('docs/business.md', `${job.task.id}: ${job.task.title}`.replace(/[^\w :.-]/g, ''), quoted.join('\n'));
    return {
      summary: `docs/business.md has what ${job.task.id} was for. ${read('docs/business.md').length} characters.`,
    };
  },
};
