/** Agents report fractions of a cent. They are summed and compared in millionths, because binary fractions drift. */
const PARTS = 1_000_000;

/** A sum in millionths. One that is too large for that is as exact as a number is. */
const exact = (cents: number): number => {
  const parts = Math.round(cents * PARTS);
  return Number.isSafeInteger(parts) ? parts / PARTS : cents;
};

export const addCents = (one: number, other: number): number => exact(one + other);

/** Whether more is spent than the budget. Spending exactly the budget is allowed. */
export const exceeds = (spent: number, budget: number): boolean => exact(spent) > exact(budget);
