import { z } from 'zod';
import { actionNames, type ActionName } from '../../../workflows/contracts/messages.ts';

/**
 * What somebody may do: read runs, start them, also on paths of this machine, decide against a freeze, and each action by its
 * name. Tokens and roles use the same words.
 */
export const May = z.enum(['see', 'start', 'start:local', 'override', ...actionNames] as const, {
  error: `one of see, start, start:local, override, ${actionNames.join(', ')}`,
});
export type May = z.output<typeof May>;

/** Who makes a request, and what they may. */
export interface Caller {
  /** The name that the action log shows. */
  name: string;
  /** Identifies the caller, for limits and keys. */
  id: string;
  may: ReadonlySet<May>;
  /** The only workspace whose runs they see. Undefined: all. */
  workspace?: string | undefined;
}

/** Why a caller may not do something. Undefined: they may. */
export function forbids(caller: Caller, what: May | ActionName, workspace?: string): string | undefined {
  if (!caller.may.has(what)) return `${caller.name} may not ${what}. It may ${[...caller.may].join(', ')}.`;
  if (workspace !== undefined && caller.workspace !== undefined && caller.workspace !== workspace)
    return `${caller.name} is for the workspace ${caller.workspace} only.`;
  return undefined;
}
