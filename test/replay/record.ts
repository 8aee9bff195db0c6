// Records histories for the replay test: plays the cases of `cases.ts` on separate Temporal servers, with the
// production worker in a scripted world, and saves their histories, scrubbed. Saved histories never change: each
// recording is a new generation, and `--missing` adds missing cases to the newest one.
//
//   npm run record                            a new generation, of all cases
//   npm run record -- --missing               the cases that the newest generation lacks
//   npm run record -- --to DIR --only '^ci-'   some cases, into a folder of your own
import { access } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { takeLock } from '../../client/local-stack/locking.ts';
import { hush } from '../../client/offline/replay.ts';
import { CASES, type Case } from './cases.ts';
import { folderOf, generationsOf, HISTORIES, recordedIn } from './corpus.ts';
import { take } from './recording/recorder.ts';
import { openTheatre, type Theatre } from './recording/server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = path.join(root, 'build', 'recording');
const say = (line: string) => void process.stderr.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    missing: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    to: { type: 'string' },
    jobs: { type: 'string', default: '16' },
  },
});

hush();
const only = new RegExp(values.only);
const { ownedBy: heldBy, release } = await takeLock(`${home}.lock`);
if (heldBy !== undefined) {
  say(`Another recording is under way (pid ${heldBy}).`);
  process.exit(1);
}

async function main(): Promise<number> {
  const folder = await target();
  const there = await recordedIn([folder]);
  const due = CASES.filter(({ name }) => only.test(name) && !there.has(name));
  say(`${due.length} of ${CASES.length} cases go to ${path.relative(process.cwd(), folder)}`);
  if (due.length === 0) return 0;

  const began = Date.now();
  const lost = await recordAll(due, folder);
  for (const { name, because } of lost) say(`NOT RECORDED ${name}: ${because}`);
  say(
    `${due.length - lost.length} cases recorded in ${Math.round((Date.now() - began) / 1_000)} s, ${lost.length} failed`,
  );
  return lost.length > 0 ? 1 : 0;
}

/** The folder of `--to`, the newest generation, or the next one. */
async function target(): Promise<string> {
  if (values.to !== undefined) return path.resolve(values.to);
  const newest = (await generationsOf()).at(-1) ?? 0;
  const next = folderOf(values.missing && newest > 0 ? newest : newest + 1);
  await access(HISTORIES);
  return next;
}

interface Lost {
  name: string;
  because: string;
}

/** Plays many cases at a time. A failing one is reported, and does not stop the others. */
async function recordAll(due: readonly Case[], folder: string): Promise<Lost[]> {
  const shorts = due.some(({ short }) => short);
  const opening = [
    openTheatre(path.join(home, 'long'), say),
    ...(shorts ? [openTheatre(path.join(home, 'short'), say, true)] : []),
  ];
  const theatres = (await Promise.allSettled(opening)).flatMap((each) =>
    each.status === 'fulfilled' ? each.value : [],
  );
  const stop = () => void Promise.all(theatres.map((theatre) => theatre.abandon())).finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    if (theatres.length < opening.length) throw new Error('a Temporal server did not start; see above');
    return await played(due, folder, theatres);
  } finally {
    await closeAll(theatres);
  }
}

async function closeAll(theatres: readonly Theatre[]): Promise<void> {
  await Promise.all(theatres.map((theatre) => theatre.close()));
}

async function played(due: readonly Case[], folder: string, [long, short]: readonly Theatre[]): Promise<Lost[]> {
  const lost: Lost[] = [];
  const left = [...due];
  let done = 0;
  const work = async () => {
    for (let each = left.shift(); each !== undefined; each = left.shift()) {
      const began = Date.now();
      const { name } = each;
      const because = await take(each, (each.short ? short : long)!, folder, [root]).then(
        () => undefined,
        (failure: Error) => failure.message,
      );
      done += 1;
      if (because !== undefined) lost.push({ name, because });
      say(
        `${done}/${due.length} ${name} ${because === undefined ? '' : `FAILED: ${because} `}(${Date.now() - began} ms)`,
      );
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  return lost;
}

try {
  process.exitCode = await main();
} finally {
  await release();
}
