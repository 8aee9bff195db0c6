/** Some keys of an object, without those that are undefined. */
export function pick<Of extends object, Key extends keyof Of>(of: Of, keys: readonly Key[]): Pick<Of, Key> {
  const picked: Partial<Pick<Of, Key>> = {};
  for (const key of keys) if (of[key] !== undefined) picked[key] = of[key];
  return picked as Pick<Of, Key>;
}
