/** The behaviour of the world for one repository. It is plain data, because it is sent to the process of the world. */
export interface WorldScript {
  /** The checks and their results. `red`: they fail until a fixer has run. */
  checks?: 'none' | 'green' | 'red';
  /** The duration of checks and of the provisioning of an environment, in milliseconds. */
  checksMs?: number;
  provisionMs?: number;
  /** The durations of the jobs of a role, in turn. The last one repeats. */
  jobMs?: Readonly<Record<string, readonly number[]>>;
  /** The outputs of a role, in turn. The last one repeats. */
  outputs?: Readonly<Record<string, readonly unknown[]>>;
  /**
   * Somebody commits to the base while this role works. With `conflict`, that commit changes the same file as the role.
   */
  baseMoves?: { during: string; conflict?: boolean };
  signals?: 'ok' | 'alert';
}

/** The brief of a job, which contains the texts of people. */
export interface Asked {
  at: string;
  key: string;
  role: string;
  words: string;
}
