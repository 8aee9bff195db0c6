/** How the world behaves towards one repository. Plain data: it is sent to the world's process. */
export interface WorldScript {
  /** What checks there are, and how they go. `red`: until a fixer has been at work. */
  checks?: 'none' | 'green' | 'red';
  /** How long they run after they were first asked for, and an environment after it was, in milliseconds. */
  checksMs?: number;
  provisionMs?: number;
  /** How long a role's jobs take, in its turns; the last stands for all that follow. */
  jobMs?: Readonly<Record<string, readonly number[]>>;
  /** What a role answers in its turns; the last stands for all that follow. */
  outputs?: Readonly<Record<string, readonly unknown[]>>;
  /** Somebody commits to the base while this role is at work: `conflict` writes what the role writes too. */
  baseMoves?: { during: string; conflict?: boolean };
  signals?: 'ok' | 'alert';
}

/** What a job was told, as the world remembers it: the words of people are found again in it. */
export interface Asked {
  at: string;
  key: string;
  role: string;
  words: string;
}
