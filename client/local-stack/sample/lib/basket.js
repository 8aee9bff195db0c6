/** What is in the basket: prices in cents. */
export const basket = [
  { name: 'Kettle', price: 2499, count: 1 },
  { name: 'Cup', price: 450, count: 4 },
  { name: 'Tea, 100 g', price: 699, count: 2 },
];
