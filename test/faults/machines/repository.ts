import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { commit } from '../../../client/local-stack/sample.ts';

/** Reports that something works: when it begins, twice a second, and when it ends. `WORK` names it, `$$` tells two of it apart. */
const SHOWN = `
say() { printf '%s %s %s %s\\n' "$(date +%s%3N)" "$1" "$WORK" "$$.$BEGAN" >> "$WORK_LOG"; }
work() {
  BEGAN=$(date +%s%N)
  say begun
  i=0
  while [ $i -lt "$1" ]; do sleep 0.5; say alive; i=$((i + 1)); done
}
# A number below $1 that is the same for the same work.
some() { echo $(($(printf %s "$WORK" | cksum | cut -d ' ' -f 1) % $1)); }
`;
const AGENT = `. ./shown.sh
WORK=job:$(sed -n 's/.*"key":[ ]*"\\([^"]*\\)".*/\\1/p' "$GATEHOUSE_JOB" | head -n 1)
work $((2 + $(some 14)))
printf '%s\\n' "$WORK" >> work.txt
say ended
`;
const CHECK = `. ./shown.sh
WORK=check:$(git rev-parse HEAD)
work $((1 + $(some 6)))
say ended
`;
const MERGER = `. ./shown.sh
WORK=job:$(sed -n 's/.*"key":[ ]*"\\([^"]*\\)".*/\\1/p' "$GATEHOUSE_JOB" | head -n 1)
work 1
printf '{"summary":"fine","output":{"complexity":0.1,"risk":0.1,"impact":0.1,"rationale":"It is small."}}' > "$GATEHOUSE_RESULT"
say ended
`;
const PREVIEW = `
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
const work = 'preview:' + /T\\d{6}/.exec(process.cwd())[0];
const began = process.pid + '.' + Date.now();
const say = (word) => appendFileSync(process.env.WORK_LOG, [Date.now(), word, work, began].join(' ') + '\\n');
say('begun');
setInterval(() => say('alive'), 500);
createServer((request, response) => response.end('ok')).listen(process.env.PORT, '127.0.0.1');
`;
const SETTINGS = `checks:
  test: sh check.sh
environment:
  start: node preview.mjs
agents:
  default: sh agent.sh
  merger: sh merger.sh
`;

/** Makes a repository whose agents, checks and previews report to the file in `WORK_LOG` while they work. */
export async function makeReporting(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await execa('git', ['init', '--quiet', '--initial-branch', 'main'], { cwd: folder });
  const files = {
    '.gatehouse.yml': SETTINGS,
    'shown.sh': SHOWN,
    'agent.sh': AGENT,
    'check.sh': CHECK,
    'merger.sh': MERGER,
    'preview.mjs': PREVIEW,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  await commit(folder, 'Ana', 'What reports its work');
}
