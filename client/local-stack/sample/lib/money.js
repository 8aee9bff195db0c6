/** An amount in cents, as people read it. */
export const money = (cents) => `EUR ${(cents / 100).toFixed(2)}`;
