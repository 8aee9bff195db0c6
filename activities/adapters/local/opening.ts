import type { Ledger } from '../../ledger.ts';

/** What local adapters that run commands are opened with. */
export interface Local {
  root: string;
  environment: NodeJS.ProcessEnv;
  ledger?: Ledger | undefined;
}
