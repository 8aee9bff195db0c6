import { say } from './output.ts';

/** How often a long export or replay reports progress, in milliseconds. */
const PROGRESS_MS = 2_000;

/** Reports progress, but at most every two seconds. */
export function nowAndThen(line: (done: number) => string): (done: number) => void {
  let next = Date.now() + PROGRESS_MS;
  return (done) => {
    if (Date.now() < next) return;
    next = Date.now() + PROGRESS_MS;
    say(line(done));
  };
}
