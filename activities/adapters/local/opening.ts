import type * as vendor from '../vendor.ts';

/** The options of adapters that run commands. */
export type Local = Pick<vendor.Opening, 'root' | 'environment' | 'ledger' | 'state'>;

/** The options of adapters that run commands in checkouts of repositories. */
export type InCheckouts = Local & Pick<vendor.InCheckouts, 'repositories' | 'agentsOf' | 'configuration'>;
