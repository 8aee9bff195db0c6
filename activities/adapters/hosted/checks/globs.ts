/**
 * Matches a check's whole name. `*` stands for any characters and `?` for one; names contain slashes and brackets, so all
 * others stand for themselves.
 */
export function matchesName(glob: string, name: string): boolean {
  const pattern = glob
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('?', '[^]')
    .replace(/\*+/g, '[^]*');
  return new RegExp(`^${pattern}$`).test(name);
}
