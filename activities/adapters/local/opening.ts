import type { Ledger } from '../../ledger.ts';
import type { Repositories } from '../git/publishing/repositories.ts';

/** What local adapters that run commands are opened with. */
export interface Local {
  root: string;
  environment: NodeJS.ProcessEnv;
  ledger?: Ledger | undefined;
}

/** The same for those that run them in checkouts of repositories, whichever forge these belong to. */
export interface InCheckouts extends Local {
  repositories: Repositories;
}
