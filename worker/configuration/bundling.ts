import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileOf, isBuilt, root } from './places.ts';

const at = (name: string) => path.join(root, 'workflows', 'temporal', name);

export interface Bundling {
  /** Whether the SDK keeps the call stacks of what runs wait for, for the Web UI's tab. */
  callStacks?: boolean;
  /** Whether the messages of failures are encrypted. */
  encrypted?: boolean;
}

/**
 * What is bundled, alike for worker, replay and sandbox: what is proved offline is what is served.
 * `workflows/temporal/preloading.ts` says why there is more than one module, `workflows/temporal/untraced.ts` what call
 * stacks cost.
 */
export const bundling = ({ callStacks = false, encrypted = false }: Bundling = {}) => ({
  workflowsPath: at('entry.ts'),
  preloadModules: [...(callStacks ? [] : ['untraced.ts']), 'preloading.ts'].map(at),
  payloadConverterPath: at('payload-converter.ts'),
  ...(encrypted && { failureConverterPath: at('failure-converter.ts') }),
});

/** The end of a bundle's file name: bundles of the same sources differ in it. */
export const variantOf = ({ callStacks = false, encrypted = false }: Bundling): string =>
  `${encrypted ? '-encrypted' : ''}${callStacks ? '-traced' : ''}.cjs`;

/** The bundle that was made when the package was packed. A checkout has none: it bundles its sources. */
export function packedBundle(wanted: Bundling = {}): string | undefined {
  if (!isBuilt) return undefined;
  const folder = fileOf('', 'bundles');
  const name = namesIn(folder).find((each) => each.slice(each.search(/[-.]/)) === variantOf(wanted));
  return name && path.join(folder, name);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
