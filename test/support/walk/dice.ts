/** A small seeded generator, so that a failing walk can be repeated. */
export function dice(seed: number) {
  let x = seed + 1;
  const next = () => ((x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 8) / 2 ** 24;
  for (let warm = 0; warm < 5; warm += 1) next();
  return {
    chance: (p: number) => next() < p,
    pick: <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!,
  };
}
export type Dice = ReturnType<typeof dice>;
