import { environmentFor } from '../../processes/environment.ts';
import type { Inspected, PresetName } from '../preset.ts';
import { presetNamed } from './index.ts';

/** A preset as it is on this machine. */
export interface PresetHere extends Inspected {
  name: PresetName;
  program: string;
  /** One line that says how to get it. */
  install: string;
  installed: boolean;
}

/** Inspects a preset's program in the environment that jobs would give it. Nothing is spent. */
export async function inspectPreset(name: PresetName, environment: NodeJS.ProcessEnv): Promise<PresetHere> {
  const { program, install, inspect } = await presetNamed(name);
  const found = await inspect(environmentFor(environment));
  const installed = found.version !== undefined || found.detail !== undefined;
  return { name, program, install, installed, ...found };
}
