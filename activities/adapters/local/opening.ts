import type * as vendor from '../vendor.ts';

/** What adapters that run commands are opened with. */
export type Local = Pick<vendor.Opening, 'root' | 'environment' | 'ledger'>;

/** The same for those that run them in checkouts of repositories. */
export type InCheckouts = Local & Pick<vendor.InCheckouts, 'repositories'>;
