import { withoutIsolation } from '../processes/isolation/isolation.ts';
import type { Isolation } from '../processes/isolation/use.ts';
import type * as vendor from '../vendor.ts';

/** The options of adapters that run commands. Without `isolation`, commands run as the worker runs. */
export type Local = Pick<vendor.Opening, 'root' | 'environment' | 'ledger' | 'state'> &
  Partial<Pick<vendor.Opening, 'isolation'>>;

export const isolationIn = ({ isolation, environment }: Pick<Local, 'isolation' | 'environment'>): Isolation =>
  isolation ?? withoutIsolation(environment);

/** The options of adapters that run commands in checkouts of repositories. */
export type InCheckouts = Local & Pick<vendor.InCheckouts, 'repositories' | 'agentsOf' | 'configuration'>;
