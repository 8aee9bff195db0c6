import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileOf, isBuilt, root } from './places.ts';

const at = (name: string) => path.join(root, 'workflows', 'temporal', name);

export interface Bundling {
  /** Whether the SDK records the call stacks of waiting runs, for the Web UI's tab. */
  callStacks?: boolean;
  /** Whether the messages of failures are encrypted. */
  encrypted?: boolean;
}

/**
 * How the workflow code is bundled. It is the same for worker, replay and sandbox, so what is proved offline is what runs.
 * `workflows/temporal/preloading.ts` says why there is more than one module, `workflows/temporal/untraced.ts` what call
 * stacks cost.
 */
export const bundling = ({ callStacks = false, encrypted = false }: Bundling = {}) => ({
  workflowsPath: at('entry.ts'),
  preloadModules: [...(callStacks ? [] : ['untraced.ts']), 'preloading.ts'].map(at),
  payloadConverterPath: at('payload-converter.ts'),
  ...(encrypted && { failureConverterPath: at('failure-converter.ts') }),
});

/** The end of a bundle's file name, by which bundles of the same sources differ. */
export const variantOf = ({ callStacks = false, encrypted = false }: Bundling): string =>
  `${encrypted ? '-encrypted' : ''}${callStacks ? '-traced' : ''}.cjs`;

/** The bundle that was made when the package was packed. A checkout has none, and bundles its sources. */
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
