import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NEVER } from './support/acceptance.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const table = path.join(here, 'acceptance.md');

const numbered = (letter: string, most: number, digits: number) =>
  Array.from({ length: most }, (_, n) => `${letter}-${String(n + 1).padStart(digits, '0')}`);

/**
 * The cases of the specification: those that the original's tests assert (A), those that they lack (N), and end-to-end
 * scenarios (E).
 */
const CASES = [
  ...numbered('A', 249, 3),
  ...[...span(1, 17), ...span(20, 24), ...span(30, 32), ...span(40, 44), ...span(50, 56)].map(
    (n) => `N-${String(n).padStart(2, '0')}`,
  ),
  ...span(1, 40).map((n) => `E-${n}`),
];

function span(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

interface Claim {
  file: string;
  title: string;
}

/** Every test title with cases at its end: `… [A-001, E-3]`. */
function claims(): Map<string, Claim[]> {
  const found = new Map<string, Claim[]>();
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /(\.test|-contract)\.ts$/.test(name) && name !== 'acceptance.test.ts',
  );
  for (const file of files.map((name) => name.replaceAll('\\', '/')).sort()) {
    const source = readFileSync(path.join(here, file), 'utf8');
    for (const [, title = '', ids = ''] of source.matchAll(/['`]([^'`\n]*) \[((?:[AEN]-\d+(?:, )?)+)\]['`]/g)) {
      for (const id of ids.split(', ')) found.set(id, [...(found.get(id) ?? []), { file, title }]);
    }
  }
  return found;
}

const escaped = (text: string) => text.replaceAll('|', '\\|');

/** One row per case: the tests that assert it, or why it cannot apply. */
function drawn(claimed: Map<string, Claim[]>): string {
  const rows = CASES.map((id) => {
    const tests = (claimed.get(id) ?? []).map(({ file, title }) => `${escaped(title)} (\`${file}\`)`);
    return `| ${id} | ${tests.join('<br>') || `not applicable: ${NEVER[id] ?? '?'}`} |`;
  });
  const head =
    'Every acceptance case of the specification, and the tests that assert it. Generated from the test titles';
  return `# Acceptance\n\n${head}\nby \`WRITE=1 npm run jest -- acceptance\`; \`acceptance.test.ts\` keeps it honest.\n\n| Case | Test |\n| --- | --- |\n${rows.join('\n')}\n`;
}

const claimed = claims();

it('every case is asserted by a test, or has a reason why it cannot apply', () => {
  expect(CASES.filter((id) => !claimed.has(id) && NEVER[id] === undefined)).toEqual([]);
});

it('no asserted case is listed as inapplicable too, and every case that is named exists', () => {
  expect(Object.keys(NEVER).filter((id) => claimed.has(id) || !CASES.includes(id))).toEqual([]);
  expect([...claimed.keys()].filter((id) => !CASES.includes(id))).toEqual([]);
});

it('acceptance.md lists the current titles; otherwise run WRITE=1 npm run jest -- acceptance', () => {
  const now = drawn(claimed);
  if (process.env['WRITE'] === '1') writeFileSync(table, now);
  expect(readFileSync(table, 'utf8')).toBe(now);
});
