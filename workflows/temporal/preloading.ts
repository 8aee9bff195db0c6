import type * as Workflows from '../index.ts';

/**
 * Loads the workflow code once for all runs that share a V8 context. Otherwise the SDK loads it again for each run, and
 * the schemas alone cost 2 MB and tens of milliseconds. The SDK can share modules (`preloadModules`, which loads this
 * module), but it freezes them, and zod completes its schemas at their first use. So these modules are in a separate
 * cache, in which the SDK finds them for each run. None of our modules keeps state of a run, and lint checks that.
 */
const scope = globalThis as { __TEMPORAL_ACTIVATOR__?: { moduleCache: Map<unknown, unknown> } };

scope.__TEMPORAL_ACTIVATOR__ = { moduleCache: new Map() };
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be loaded before the line above
const loaded = require('../index.ts') as typeof Workflows;
delete scope.__TEMPORAL_ACTIVATOR__;

/** A function, because the SDK freezes everything else that it can reach. */
export const workflows = (): typeof loaded => loaded;
