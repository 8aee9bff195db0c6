import type { Preset, PresetName } from '../preset.ts';

const LOADERS: Record<PresetName, () => Promise<{ preset: Preset }>> = {
  'claude-code': () => import('./claude-code.ts'),
  codex: () => import('./codex.ts'),
  gemini: () => import('./gemini.ts'),
  opencode: () => import('./opencode.ts'),
};

/** How this coding agent is run. Only the one that is asked for is loaded. */
export const presetNamed = async (name: PresetName): Promise<Preset> => (await LOADERS[name]()).preset;
