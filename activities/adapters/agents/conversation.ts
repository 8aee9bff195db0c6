/** How a coding agent may treat the checkout: change nothing, change files, or also finish the open merge. */
export type Mode = 'read' | 'write' | 'resolve';

/** What the program does, as it happens. Every event counts as activity of the job. */
export type Seen =
  /** `part`: a piece of a message that the next piece continues. */
  | { is: 'message'; text: string; part?: true }
  /** It is at work, and what it does is of no interest to people. */
  | { is: 'thinking' }
  | { is: 'tool'; title: string; state?: 'begun' | 'ended' | 'failed' }
  | { is: 'plan'; done: number; total: number; label?: string }
  /** The model has answered something, so it is available. */
  | { is: 'answered' };

/** What a session has used in all so far, as its program reports it. Input includes what came from a cache. */
export interface Spent {
  inputTokens?: number | undefined;
  cachedInputTokens?: number | undefined;
  outputTokens?: number | undefined;
  costCents?: number | undefined;
}

/** The answer to one prompt. */
export type Turn =
  /** `refused`: the program ended its turn because it was denied a permission. */
  | { is: 'answered'; text: string; refused?: boolean; spent?: Spent | undefined }
  /** The program cannot work for now. `until`: when it says that it can again, in ISO 8601. */
  | { is: 'notNow'; because: string; until?: string | undefined; spent?: Spent | undefined }
  | { is: 'failed'; because: string; spent?: Spent | undefined };

export interface ConversationOpening {
  /** The program and its first arguments, as the settings name them. */
  program: readonly string[];
  /** The checkout in which it works. */
  cwd: string;
  /** The program's complete environment. It contains secrets. */
  env: NodeJS.ProcessEnv;
  model?: string | undefined;
  /** The session mode to choose, for programs that offer several. */
  sessionMode?: string | undefined;
  /** More arguments, from the repository's settings. */
  arguments: readonly string[];
  mode: Mode;
  /** A private folder of this job, outside of the checkout. */
  scratch: string;
  /** The program runs in a sandbox of ours, in which it can make none of its own. */
  sandboxed?: boolean | undefined;
  seen(event: Seen): void;
  /** Aborted when the job is cancelled: the program is cancelled through its own protocol, and then ended. */
  signal: AbortSignal;
}

/** A session with a coding agent. */
export interface Conversation {
  /**
   * Asks for one answer. Later prompts continue the same session. With `wanted`, the program's own option for structured
   * output is used, if it has one.
   */
  ask(prompt: string, wanted?: { schema: object }): Promise<Turn>;
  /** Ends the session and its program. */
  close(): Promise<void>;
}

/** A way to talk to a coding agent. Opening starts its program, or prepares to. */
export type Open = (opening: ConversationOpening) => Promise<Conversation>;
