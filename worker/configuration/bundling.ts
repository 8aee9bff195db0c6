import { fileURLToPath } from 'node:url';

const at = (name: string) => fileURLToPath(new URL(`../../workflows/temporal/${name}`, import.meta.url));

export interface Bundling {
  /** Whether the SDK keeps the call stacks of what runs wait for, for the Web UI's tab. */
  callStacks?: boolean;
}

/**
 * What is bundled, alike for worker, replay and sandbox: what is proved offline is what is served.
 * `workflows/temporal/preloading.ts` says why there is more than one module, `workflows/temporal/untraced.ts` what call
 * stacks cost.
 */
export const bundling = ({ callStacks = false }: Bundling = {}) => ({
  workflowsPath: at('entry.ts'),
  preloadModules: [...(callStacks ? [] : ['untraced.ts']), 'preloading.ts'].map(at),
});
