import { refusalOf, type About, type Grant, type May } from '../../../activities/adapters/configuration/rights.ts';

export { May, type About, type Grant } from '../../../activities/adapters/configuration/rights.ts';

/** Who makes a request, and what they may. */
export interface Caller {
  /** The name that the action log shows. */
  name: string;
  /** Identifies the caller, for limits and keys. */
  id: string;
  /** By which way they came. The action log shows it. */
  via: 'http' | 'page' | 'slack';
  grants: readonly Grant[];
  /** The only workspace whose runs they see. Undefined: all. */
  workspace?: string | undefined;
}

/** Why a caller may not do something, with the rule that forbids it. Undefined: they may. */
export function forbids(caller: Caller, what: May, about: About = {}): string | undefined {
  const { workspace } = about;
  const because = refusalOf(caller, what, about);
  if (because !== undefined) return because;
  if (workspace !== undefined && caller.workspace !== undefined && caller.workspace !== workspace)
    return `${caller.name} is for the workspace ${caller.workspace} only.`;
  return undefined;
}

/** Whether what a caller may depends on repositories or bases. */
export const isBound = ({ grants }: Caller): boolean =>
  grants.some(({ repositories, bases }) => repositories !== undefined || bases !== undefined);
