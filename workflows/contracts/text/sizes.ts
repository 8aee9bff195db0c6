const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** A size in bytes as people read it, with three digits, as `1.23 MB`. */
export function bytesInWords(bytes: number): string {
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), UNITS.length - 1);
  const value = bytes / 1_000 ** power;
  return `${power === 0 ? value : value.toPrecision(3)} ${UNITS[power]}`;
}
