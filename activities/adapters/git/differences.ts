/** A difference between two trees, as in git's raw diffs. */
export interface Difference {
  from: { mode: string; id: string };
  to: { mode: string; id: string };
  path: string;
}

/** Reads pairs of `:<mode> <mode> <id> <id> <letter>` and a path. */
export function differencesIn(parts: readonly string[]): Difference[] {
  const found: Difference[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [was = '', is = '', old = '', made = ''] = parts[at]!.slice(1).split(' ');
    found.push({ from: { mode: was, id: old }, to: { mode: is, id: made }, path: parts[at + 1]! });
  }
  return found;
}
