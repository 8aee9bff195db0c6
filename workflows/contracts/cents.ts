/** Agents tell fractions of a cent. They are summed and compared in millionths, for binary fractions drift: 0.1 + 0.2. */
const PARTS = 1_000_000;

/** What is too much to have so many parts is as exact as numbers are. */
const exact = (cents: number): number => {
  const parts = Math.round(cents * PARTS);
  return Number.isSafeInteger(parts) ? parts / PARTS : cents;
};

export const addCents = (one: number, other: number): number => exact(one + other);

/** Whether more is spent than a budget allows: as much as it is within it. */
export const exceeds = (spent: number, budget: number): boolean => exact(spent) > exact(budget);
