/** A fact that consists of its name. */
export type None = Record<never, never>;
/** Who did it, if known. */
export type By = { by?: string | undefined };
