/** The slope of the straight line that fits these points best: the rate of growth. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  if (points.length < 2) return 0;
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  const under = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return under === 0 ? 0 : over / under;
}
