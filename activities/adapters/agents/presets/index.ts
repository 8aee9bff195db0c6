import type { Preset, PresetName } from '../preset.ts';

/** How this coding agent is run. */
export const presetNamed = (name: PresetName): Promise<Preset> =>
  Promise.reject(new Error(`The preset ${name} is not there yet.`));
