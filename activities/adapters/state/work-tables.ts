/** The tables of what runs on the machines of workers, as the newest migration leaves them. */
export interface WorkTables {
  jobs: JobsTable;
  environments: EnvironmentsTable;
  checks: ChecksTable;
  runners: RunnersTable;
  sights: SightsTable;
  logs: LogsTable;
}

/** The jobs of agents. Columns with JSON are null until they are known. */
interface JobsTable {
  key: string;
  /** The id of the data folder where it runs. */
  runner: string;
  at: number;
  /** 1 until the job has a report and its checkout is gone. */
  unfinished: number;
  job: string | null;
  begun: string | null;
  made: string | null;
  owner: string | null;
  report: string | null;
}

/** Environments that run as processes. */
interface EnvironmentsTable {
  key: string;
  /** The id of the data folder where it runs. */
  runner: string;
  at: number;
  /** 1 until it was removed and nothing of it is left. */
  unfinished: number;
  port: number | null;
  ready: string | null;
  expire_minutes: number | null;
  live_at: string | null;
  url: string | null;
  removed: string | null;
}

/** Runs of checks as commands. */
interface ChecksTable {
  /** `<repository>/<commit>/<check and command>/<run>` */
  name: string;
  /** The id of the data folder where it runs. */
  runner: string;
  /** The name without the number of the run. */
  check_name: string;
  n: number;
  at: number;
  /** 1 until it has a verdict and its checkout is gone. */
  unfinished: number;
  /** The round, branch and repository of the run for which it began. */
  round: string;
  branch: string;
  repository: string | null;
  /** The verdict. Null while there is none. */
  conclusion: string | null;
  verdict_round: string | null;
  log: string | null;
}

/** The processes that run jobs, checks and environments. Times are milliseconds since 1970 by the database's clock. */
interface RunnersTable {
  /** Identifies the process. */
  worker: string;
  /** The id of its data folder. Processes that share a data folder are one runner. */
  runner: string;
  machine: string;
  started_at: number;
  seen_at: number;
  draining_since: number | null;
  /** How long it may not be heard of before what it runs is lost. */
  lost_ms: number;
  /** When others have taken what it ran for lost. Null again once it knows. */
  lost_at: number | null;
}

/** Whether a runner finds a repository that is given by a path. */
interface SightsTable {
  runner: string;
  repository: string;
  /** 1 if it does. */
  seen: number;
  at: number;
}

/** The ends of the logs of jobs and checks that have ended. */
interface LogsTable {
  /** The job's key, or `check <name>`. */
  key: string;
  /** `stdout` or `stderr`. */
  stream: string;
  /** How long the whole log was, in bytes. */
  size: number;
  /** Its end, in Base64, encrypted. */
  text: string;
  kept_at: number;
}
