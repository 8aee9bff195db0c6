/** The amount of samples: of whole runs, and of `--quick` runs, which only show that the benchmark works. */
export interface Pace {
  repetitions: number;
  /** The samples of one repetition, and the warm-up samples before them, which are dropped. */
  samples: number;
  warmUp: number;
  pool: number;
  stepRuns: number;
  happyRuns: number;
  storm: number;
  /** How many seconds the storm's jobs take, which is longer than the storm. */
  stormSeconds: number;
  parked: number;
  crashed: number;
  crashes: number;
  wakes: number;
  idleMs: number;
  settleMs: number;
  replays: number;
  /** How often each command is started. */
  starts: number;
  /** For the large repository: checkouts after the first one, runs on it, and its size (300 MB packed). */
  checkouts: number;
  repositoryRuns: number;
  repository: { files: number; commits: number; changes: number; bytes: number };
}

export const WHOLE: Pace = {
  repetitions: 3,
  samples: 100,
  warmUp: 20,
  pool: 20,
  stepRuns: 20,
  happyRuns: 20,
  storm: 1_000,
  stormSeconds: 90,
  parked: 5_000,
  crashed: 500,
  crashes: 5,
  wakes: 70,
  idleMs: 60_000,
  settleMs: 30_000,
  replays: 20,
  starts: 20,
  checkouts: 3,
  repositoryRuns: 2,
  repository: { files: 50_000, commits: 400, changes: 125, bytes: 4_000 },
};

export const QUICK: Pace = {
  repetitions: 1,
  samples: 20,
  warmUp: 3,
  pool: 4,
  stepRuns: 3,
  happyRuns: 2,
  storm: 100,
  stormSeconds: 20,
  parked: 200,
  crashed: 50,
  crashes: 1,
  wakes: 5,
  idleMs: 5_000,
  settleMs: 2_000,
  replays: 3,
  starts: 3,
  checkouts: 1,
  repositoryRuns: 1,
  repository: { files: 2_000, commits: 10, changes: 100, bytes: 4_000 },
};
