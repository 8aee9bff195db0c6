import { createHash, randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { access, constants, mkdir, rename, writeFile } from 'node:fs/promises';
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
  workflowInterceptorModules: [at('tracing/interceptors.ts')],
  ...(encrypted && { failureConverterPath: at('failure-converter.ts') }),
});

/** The end of a bundle's file name, which distinguishes bundles of the same sources. */
export const variantOf = ({ callStacks = false, encrypted = false }: Bundling): string =>
  `${encrypted ? '-encrypted' : ''}${callStacks ? '-traced' : ''}.cjs`;

/**
 * The bundle that this build keeps: a package contains it, and a checkout makes it when it is first needed. Undefined if this
 * is not a build, or its folder cannot be written.
 */
export async function builtBundle(wanted: Bundling, make: () => Promise<string>): Promise<string | undefined> {
  const packed = packedBundle(wanted);
  if (packed || !isBuilt || !(await isWritable(fileOf('', '.')))) return packed;
  const code = await make();
  const name = createHash('sha256').update(code).digest('hex').slice(0, 24);
  return writeBundle(path.join(fileOf('', 'bundles'), `${name}${variantOf(wanted)}`), code);
}

const isWritable = (folder: string) =>
  access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );

/** Other processes never see an incomplete file. */
export async function writeBundle(codePath: string, code: string): Promise<string> {
  await mkdir(path.dirname(codePath), { recursive: true });
  const draft = `${codePath}.${randomUUID()}`;
  await writeFile(draft, code);
  await rename(draft, codePath);
  return codePath;
}

function packedBundle(wanted: Bundling): string | undefined {
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
