// A small style check: no tabs, no spaces at line ends, and a line break at the end of each file.
import { readdirSync, readFileSync } from 'node:fs';

const files = ['lib', 'test'].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
const bad = files.filter((file) => {
  const text = readFileSync(file, 'utf8');
  return /\t|[ ]+$/m.test(text) || !text.endsWith('\n');
});
if (bad.length > 0) {
  console.error(`Style: tabs, trailing spaces or a missing last line break in ${bad.join(', ')}`);
  process.exit(1);
}
console.log(`Style: ${files.length} files are fine.`);
