/** Milliseconds on a clock that all processes of one machine share, and that nobody sets: fit for differences only. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
