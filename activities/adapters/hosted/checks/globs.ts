/**
 * Matches a check's whole name. `*` stands for any characters and `?` for one; names contain slashes and brackets, so all
 * others stand for themselves. Repositories write globs and names, and a regular expression with many `*` would never end:
 * this takes at most as many steps as the two lengths multiplied, because only the last `*` is ever tried again.
 */
export function matchesName(glob: string, name: string): boolean {
  let [at, to] = [0, 0];
  let last: { star: number; from: number } | undefined;
  while (to < name.length) {
    if (glob[at] === '*') {
      last = { star: at, from: to };
      at += 1;
    } else if (glob[at] === '?' || glob[at] === name[to]) {
      at += 1;
      to += 1;
    } else if (last) {
      last.from += 1;
      [at, to] = [last.star + 1, last.from];
    } else return false;
  }
  return /^\**$/.test(glob.slice(at));
}
