/** How many values of one label are shown. More would make Prometheus slow. */
const MOST = 200;
const LONGEST = 64;

const known = new Map<string, Set<string>>();

/** The labels, with `other` for values that are too long or too many. Most of ours are words of the code, and few. */
export function bounded<Labels extends Record<string, string>>(labels: Labels): Labels {
  const entries = Object.entries(labels).map(([name, value]) => [name, isRoomFor(name, value) ? value : 'other']);
  return Object.fromEntries(entries) as Labels;
}

function isRoomFor(name: string, value: string): boolean {
  const values = known.get(name) ?? new Set<string>();
  known.set(name, values);
  if (values.has(value)) return true;
  if (value.length > LONGEST || values.size >= MOST) return false;
  values.add(value);
  return true;
}
