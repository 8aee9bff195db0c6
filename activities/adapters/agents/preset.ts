import type { PresetName } from '../settings/agent-settings.ts';
import type { Open } from './conversation.ts';

export { PRESETS, type PresetName } from '../settings/agent-settings.ts';

/** What can be said of an installed program without spending anything. `detail` is for people. */
export interface Inspected {
  version?: string | undefined;
  /** Undefined if it cannot be known. */
  signedIn?: boolean | undefined;
  detail?: string | undefined;
}

/** How a well-known coding agent is run unattended. */
export interface Preset {
  name: PresetName;
  /** The program that is looked for on `PATH`. */
  program: string;
  /** One line that says how to get it. */
  install: string;
  /** What signs it in, as a phrase. */
  login: string;
  /** Files and folders with its sign-in, relative to the user's home. */
  signIn: readonly string[];
  open: Open;
  inspect(env: NodeJS.ProcessEnv): Promise<Inspected>;
}
