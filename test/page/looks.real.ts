import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { RunRows } from '../../activities/adapters/state/runs.ts';
import type { State } from '../../activities/adapters/state/state.ts';
import { Refused } from '../../client/errors.ts';
import type { Door } from '../../client/http/door.ts';
import { askedLog, askedRun, DIFF, openPages } from '../support/page/pages.ts';
import { DATABASES, openState } from '../support/state/databases.ts';
import { ended, noteOf, parked } from '../support/state/notes.ts';
import { until } from '../support/until.ts';

/** The browser's program. `npm run test:page` says where it is. */
const PROGRAM = process.env['GATEHOUSE_TEST_CHROMIUM'];
/** Where pictures are kept for somebody to look at. */
const PICTURES = process.env['GATEHOUSE_TEST_PICTURES'];
const RUN = '/runs/default/PAY-142';
const PHONE = { viewport: { width: 375, height: 740 } };
const DESK = { viewport: { width: 1280, height: 900 } };

describe('the page in a browser', () => {
  const [, fresh] = DATABASES[0]!;
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  let door: Door;
  let browser: Browser;
  let run: ReturnType<typeof askedRun>;
  let acted: [string, string, Record<string, unknown>][];
  let refusal: Error | undefined;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: PROGRAM!, args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    [run, acted, refusal] = [askedRun(), [], undefined];
    const rows = new RunRows(state);
    const row = parked('PAY-142', 1);
    await rows.write(
      noteOf({
        ...row,
        repository: 'https://github.com/acme/shop',
        waitingOn: {
          ...row.waitingOn,
          detail: 'Try the change, then confirm it or say what is wrong.',
          offers: ['confirm', 'requestFix', 'pause'],
        },
      }),
    );
    await rows.write(noteOf({ ...ended('OPS-7', 1), repository: 'https://github.com/acme/shop' }));
    const runs = {
      read: async () => ({ run, end: { is: 'live' }, pending: [] }),
      actions: async () => askedLog(),
      diff: async () => ({ text: DIFF, truncated: false }),
      log: async () => ({ text: 'Reading lib/totals.js\nWriting lib/totals.js\n', offset: 0, ended: true }),
      output: async () => ({ step: 1, kind: 'coder', summary: 'The total includes the tax now.' }),
      act: async (...given: [string, string, Record<string, unknown>]) => {
        if (refusal) throw refusal;
        acted.push(given);
        return { is: 'taken', actionId: given[2]['actionId'] };
      },
    };
    door = await openPages(state, runs);
  });
  afterEach(async () => {
    await door.close();
    await state.close();
    await database.remove();
  });

  /** Opens a page, and fails if anything on it fails: a script, a style, an address. */
  const visit = async (address: string, options: BrowserContextOptions = DESK): Promise<Page & { wrong: string[] }> => {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const page = Object.assign(await context.newPage(), { wrong: [] as string[] });
    page.on('pageerror', (error) => page.wrong.push(error.message));
    page.on(
      'console',
      (said) => said.type() === 'error' && !said.location().url.includes('/api/v1/') && page.wrong.push(said.text()),
    );
    await page.goto(`${door.url}${address}`);
    return page;
  };

  const picture = async (page: Page, name: string) => {
    if (PICTURES === undefined) return;
    await mkdir(PICTURES, { recursive: true });
    await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: !name.endsWith('phone') });
  };

  /** What axe finds wrong, by the rules of WCAG 2.2 AA. */
  const faults = async (page: Page): Promise<string[]> => {
    const { violations } = (await page.evaluate(
      `${axe.source};axe.run(document,{runOnly:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})`,
    )) as { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] };
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`),
    );
  };

  const places: [string, string][] = [
    ['inbox', '/inbox'],
    ['runs', '/runs'],
    ['run', RUN],
    ['diff', `${RUN}/diff`],
    ['log', `${RUN}/log/1/1`],
    ['output', `${RUN}/steps/1`],
    ['missing', '/runs/default/x..y'],
  ];
  const ways: [string, BrowserContextOptions][] = [
    ['desk', DESK],
    ['phone', { ...PHONE, colorScheme: 'dark' }],
  ];
  const looks = places.flatMap(([name, address]) =>
    ways.map(([way, options]) => [name, way, address, options] as const),
  );
  it.each(looks)('%s on a %s has no fault that axe finds, and fits', async (name, way, address, options) => {
    const page = await visit(address, options);
    if (name === 'run') await page.locator('table.diff').waitFor();
    await picture(page, `${name}-${way}`);
    await page.evaluate(`document.querySelectorAll('details').forEach((each) => { each.open = true; })`);
    expect(await faults(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    if (name !== 'missing') expect(page.wrong).toEqual([]);
    await page.context().close();
  });

  it.each([true, false])(
    'a fix is asked for and the change confirmed, with JavaScript: %s',
    async (javaScriptEnabled) => {
      const page = await visit(RUN, { ...DESK, javaScriptEnabled });
      if (!javaScriptEnabled) await page.locator('#act-requestFix summary').click();
      else await page.getByRole('link', { name: 'Send to the fixer…' }).click();
      await page.getByLabel('Findings', { exact: true }).first().fill('The tax is missing.');
      await page.locator('#act-requestFix button').click();
      await page.getByText('as soon as a worker answers').waitFor();
      await page.getByRole('button', { name: 'Looks good' }).click();
      await page.getByText('as soon as a worker answers').waitFor();
      expect(acted.map(([, action, { findings, visit: at, by, via }]) => [action, findings, at, by, via])).toEqual([
        ['requestFix', 'The tax is missing.', '2-human-test#3', 'ana', 'page'],
        ['confirm', undefined, '2-human-test#3', 'ana', 'page'],
      ]);
      await page.context().close();
    },
  );

  it('is done by keyboard alone', async () => {
    const page = await visit(RUN);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    await page.keyboard.press('Enter');
    for (
      let n = 0;
      n < 40 && (await page.evaluate('document.activeElement.textContent.trim()')) !== 'Looks good';
      n += 1
    )
      await page.keyboard.press('Tab');
    await picture(page, 'focus');
    await page.keyboard.press('Enter');
    await page.getByText('as soon as a worker answers').waitFor();
    expect(acted.map(([, action]) => action)).toEqual(['confirm']);
    await page.context().close();
  });

  it('keeps what was typed when it is refused, and puts the focus on the reason', async () => {
    refusal = new Refused('stale', 'The change is at bbbbbbbb now.');
    const page = await visit(RUN);
    await page.getByRole('link', { name: 'Send to the fixer…' }).click();
    await page.getByLabel('Findings', { exact: true }).first().fill('The tax is missing.');
    await page.locator('#act-requestFix button').click();
    await page.getByText('The change moved while you looked').waitFor();
    expect(await page.getByLabel('Findings', { exact: true }).first().inputValue()).toBe('The tax is missing.');
    expect(await page.evaluate('document.activeElement.id')).toBe('refusal');
    expect(await faults(page)).toEqual([]);
    await picture(page, 'refused');
    await page.context().close();
  });

  it('follows the run, says that it moved while somebody types, and loses nothing', async () => {
    const page = await visit(RUN);
    await page.getByRole('link', { name: 'Send to the fixer…' }).click();
    const field = page.getByLabel('Findings', { exact: true }).first();
    await field.fill('The tax is mis');
    run = { ...askedRun(' (moved)'), change: { ...askedRun().change!, head: 'b'.repeat(40) } };
    await page.evaluate('refresh()');
    await page.getByText('The change moved while you looked').waitFor();
    expect(await field.inputValue()).toBe('The tax is mis');
    await until('the new steps', async () =>
      (await page.locator('[data-part="steps"]').textContent())?.includes('(moved)'),
    );
    expect(await page.locator('#asked').innerText()).not.toContain('(moved)');
    await picture(page, 'stale');
    await page.getByRole('button', { name: 'Show the present one' }).click();
    expect(await page.locator('#asked').innerText()).toContain('(moved)');
    expect(await field.inputValue()).toBe('The tax is mis');
    expect(await page.locator('#act-requestFix input[name="head"]').inputValue()).toBe('b'.repeat(40));
    await field.fill('');
    run = askedRun(' (again)');
    await page.locator('h1').click();
    await page.evaluate('refresh()');
    await page.getByText('say what is wrong. (again)').waitFor();
    await page.context().close();
  });
});
