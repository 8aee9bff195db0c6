/** Milliseconds on a monotonic clock that all processes of one machine share. Only differences have a meaning. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
