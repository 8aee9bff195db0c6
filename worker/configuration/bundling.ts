import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileOf, isBuilt, root } from './package-files.ts';

const at = (name: string) => path.join(root, 'workflows', 'temporal', name);

export interface Bundling {
  /** Whether the SDK records the call stacks of waiting runs, for the Web UI's _Call Stack_ tab. */
  callStacks?: boolean;
  /** Whether the messages of failures are encrypted. */
  encrypted?: boolean;
}

/**
 * The bundling options of the workflow code. They are the same for worker, replay and sandbox, so offline results hold in
 * production. `workflows/temporal/preloading.ts` explains why there is more than one module, and
 * `workflows/temporal/untraced.ts` the cost of call stacks.
 */
export const bundling = ({ callStacks = false, encrypted = false }: Bundling = {}) => ({
  workflowsPath: at('entry.ts'),
  preloadModules: [...(callStacks ? [] : ['untraced.ts']), 'preloading.ts'].map(at),
  payloadConverterPath: at('payload-converter.ts'),
  ...(encrypted && { failureConverterPath: at('failure-converter.ts') }),
});

/** The end of a bundle's file name, which distinguishes bundles of the same sources. */
export const variantOf = ({ callStacks = false, encrypted = false }: Bundling): string =>
  `${encrypted ? '-encrypted' : ''}${callStacks ? '-traced' : ''}.cjs`;

/** The bundle in the package. Undefined in a checkout, which bundles its sources. */
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
