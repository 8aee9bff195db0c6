// Prints how much of workflows/ the tests without a server cover: `npm run coverage`. Exits with 1 below the
// thresholds.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { mergeScriptCovs } from '@bcoe/v8-coverage';
import libCoverage from 'istanbul-lib-coverage';
import v8ToIstanbul from 'v8-to-istanbul';

const BARS = { lines: 95, branches: 90 };
const folder = process.argv[2]!;
const seen = readdirSync(folder).map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')));
// All processes ran the same bundle. V8's results are merged before they are converted, because their blocks differ.
const merged = mergeScriptCovs(seen.map(({ functions }) => ({ scriptId: '0', url: 'bundle', functions })))!;
const converter = v8ToIstanbul(path.join(process.cwd(), 'bundle.js'), 0, { source: seen[0].source });
await converter.load();
converter.applyCoverage(merged.functions);
const own = Object.entries(converter.toIstanbul()).filter(
  ([file]) => /\/workflows\/.*\.ts$/.test(file) && !file.includes('node_modules'),
);
const map = libCoverage.createCoverageMap(Object.fromEntries(own) as never);
const rows = map.files().map((file) => {
  const { lines, branches } = map.fileCoverageFor(file).toSummary().data;
  return [file.slice(file.lastIndexOf('/workflows/') + 1), lines, branches] as const;
});
for (const [file, lines, branches] of rows) {
  process.stdout.write(`${file.padEnd(44)} ${String(lines.pct).padStart(6)} ${String(branches.pct).padStart(6)}\n`);
}
const { lines, branches } = map.getCoverageSummary().data;
process.stdout.write(`coverage: lines=${lines.pct} branches=${branches.pct}\n`);
process.exitCode = lines.pct >= BARS.lines && branches.pct >= BARS.branches ? 0 : 1;
