/** Tokens that one answer costs. Input includes what came from a cache. */
export interface Usage {
  input: number;
  cached: number;
  output: number;
}

/** One answer of the scripted model. */
export type Answer =
  | { say: string; usage?: Usage }
  /** Calls the agent's shell tool. */
  | { run: string; usage?: Usage }
  /** Calls the agent's tool that writes a file, which edits without a shell. The path is absolute. */
  | { write: string; text: string; usage?: Usage }
  | { call: string; arguments: object; usage?: Usage }
  /** Misbehaves. As the last answer of a script, it is repeated for ever. */
  | { trouble: Trouble };

/** How a provider can misbehave. Statuses come with the body that the real one sends. */
export type Trouble =
  | 'unauthorized'
  | 'forbidden'
  | 'modelNotFound'
  | 'rateLimited'
  | 'rateLimitedForAnHour'
  | 'insufficientQuota'
  | 'usageLimitReached'
  | 'unavailable'
  | 'overloaded'
  | 'internalError'
  | 'badRequest'
  | 'contextTooLong'
  | 'cut'
  | 'silence'
  | 'reset'
  | 'html'
  | 'emptyStream';

/** What the agent sent with one request. */
export interface Asked {
  path: string;
  model: string;
  body: any;
  /** The names of the tools that the model may call. */
  tools: string[];
  headers: Record<string, string | string[] | undefined>;
}

/** The answers in order, or a function of the request. After the last answer, the model says "Done.". */
export type Script = readonly Answer[] | ((asked: Asked, n: number) => Answer);

export const USAGE: Usage = { input: 1_000, cached: 400, output: 50 };
