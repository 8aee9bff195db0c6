/** The sum of a basket, in cents. */
export const netOf = (items) => items.reduce((sum, { price, count }) => sum + price * count, 0);

export const totalsOf = (items) => [['Total', netOf(items)]];
