import { rm, stat, utimes } from 'node:fs/promises';
import { createFile } from '../files/disk.ts';
import { isRenewed, TOUCH_MS } from './leases.ts';
import { readWord } from '../files/reading.ts';
import { lookAt, ownOrigin, ownToken, seenFrom, type Origin } from './tokens.ts';

/**
 * Whoever takes a lock writes their name into it right away: one without a name is nobody's only after so long, in
 * milliseconds.
 */
const NAMELESS_MS = 2_000;
/**
 * A holder that is stopped (SIGSTOP) is waited for for so long, in milliseconds. Then it is ended, as if it had died: it
 * must not go on with what others have done meanwhile, and whatever a worker leaves when it is killed is adopted.
 */
const STOPPED_MS = 20_000;

interface LockOwner {
  pid: number;
  token: string;
  origin?: Origin | undefined;
}

/**
 * Who we are, for as long as we live: a pid alone may be somebody else's by tomorrow, or in another container, so our start
 * and our whereabouts are beside it.
 */
export const ownName = async (): Promise<string> =>
  JSON.stringify({ pid: process.pid, token: await ownToken(), origin: await ownOrigin() } satisfies LockOwner);

/** Takes the lock, if nobody has it. Whoever finds a dead holder's takes that away, and comes again. */
export async function taken(file: string, own: string): Promise<boolean> {
  try {
    await createFile(file, own);
    stopped.delete(file);
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'EEXIST') throw failure;
  }
  const text = await textOf(file);
  if (text !== undefined && !(await isHeld(file, text))) await takeAway(file, text, own);
  return false;
}

/** Only whoever has the turn takes a lock away: so what is removed is still the dead one's. Turns are locks themselves. */
async function takeAway(file: string, dead: string, own: string): Promise<void> {
  const turn = `${file}.turn`;
  if (!(await taken(turn, own))) return;
  try {
    if ((await textOf(file)) === dead) await rm(file, { force: true });
  } finally {
    await rm(turn, { force: true });
  }
}

async function isHeld(file: string, text: string): Promise<boolean> {
  const holder = parsed(text);
  if (!holder) return (await ageOf(file)) < NAMELESS_MS;
  const from = await seenFrom(holder.origin);
  if (from !== 'here') return from === 'elsewhere' && isRenewed(file, text);
  const seen = await lookAt(holder.pid);
  if (seen?.token !== holder.token) return false;
  if (seen.stopped) endStopped(file, holder);
  else stopped.delete(file);
  return true;
}

/** Since when the holder of a lock that is waited for was seen to stand still, by the lock: another wait counts anew. */
const stopped = new Map<string, number>();

function endStopped(file: string, { pid }: LockOwner): void {
  const since = stopped.get(file) ?? Date.now();
  stopped.set(file, since);
  if (Date.now() - since < STOPPED_MS) return;
  stopped.delete(file);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone by itself, or somebody else's: then it is waited for on.
  }
}

/**
 * Says to those who cannot see us that we live, for as long as we have this lock; answers how to give it back. One that was
 * taken away from us meanwhile, for we stood still for longer than the lease, is another's: like any holder that stood
 * still, we must not go on with what others have done since.
 */
export function keeping(file: string, own: string): () => Promise<void> {
  const clock = setInterval(() => void renew(file, own), TOUCH_MS);
  clock.unref();
  return async () => {
    clearInterval(clock);
    if ((await textOf(file)) === own) await rm(file, { force: true });
  };
}

async function renew(file: string, own: string): Promise<void> {
  const text = await textOf(file);
  const now = new Date();
  if (text === own) await utimes(file, now, now).catch(() => undefined);
  else if (text !== undefined && parsed(text)) process.kill(process.pid, 'SIGKILL');
}

const textOf = (file: string): Promise<string | undefined> => readWord(file).catch(() => undefined);
const ageOf = async (file: string): Promise<number> =>
  Date.now() -
  (await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  ));

function parsed(text: string): LockOwner | undefined {
  try {
    return JSON.parse(text) as LockOwner;
  } catch {
    return undefined; // it is being written, or its writer died in the middle of it
  }
}
