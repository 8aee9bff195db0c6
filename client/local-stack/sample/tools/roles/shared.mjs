// The helpers of every role: its job, its checkout, and progress reports.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const job = JSON.parse(readFileSync(process.env.GATEHOUSE_JOB, 'utf8'));
const PACE_MS = Number(process.env.SAMPLE_PACE_MS ?? 300);

export const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
export const sources = () => readdirSync('lib').map((name) => `lib/${name}`);
export const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });

export function edit(file, change) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, change(read(file)));
}

/** Runs Node in the checkout. Returns failures instead of throwing them. */
export function node(...args) {
  const { NODE_TEST_CONTEXT, ...env } = process.env; // if it is set, even to nothing, Node runs no tests
  return spawnSync(process.execPath, args, { encoding: 'utf8', env });
}

/** Reports progress, slowly enough for people to watch. */
export async function stage(done, total, label) {
  console.error(`GATEHOUSE_PROGRESS ${JSON.stringify({ done, total, label })}`);
  console.log(`[scripted ${job.role}] ${label}`);
  await pause(PACE_MS);
}

/** The totals below the basket, such as `['Total', 5697]`. They come from running the shop, not from reading its code. */
export function totals() {
  const script = `
    const [{ totalsOf }, { basket }] = await Promise.all([import('./lib/totals.js'), import('./lib/basket.js')]);
    console.log(JSON.stringify(totalsOf(basket)));`;
  const { stdout, stderr, status } = node('--input-type=module', '-e', script);
  if (status !== 0) throw new Error(`The shop does not add up at all: ${stderr.slice(0, 500)}`);
  return JSON.parse(stdout);
}

export const euros = (cents) => `EUR ${(cents / 100).toFixed(2)}`;
export const told = (rows) => rows.map(([label, cents]) => `${label} ${euros(cents)}`).join(', ');

/** Checks that the last row is the sum of the others, net and tax. Returns the problem, if there is one. */
export function missingTax(rows) {
  const [net, tax, total] = rows.map(([, cents]) => cents);
  return rows.length === 3 && net + tax !== total ? `${told(rows)}: the last is not the sum of the others` : undefined;
}
