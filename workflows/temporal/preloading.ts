import type * as Workflows from '../index.ts';

/**
 * Loads the workflow code once for all runs that share a V8 context. Otherwise the SDK loads it for each run again, and the
 * schemas alone are 2 MB and tens of milliseconds then. It can share modules itself (`preloadModules`, by which this one is
 * loaded), but freezes them, and zod's schemas are completed when they are first used. So these modules go to a cache of
 * their own, in which the SDK finds them for each run. No module of ours keeps state of a run; lint checks that.
 */
const scope = globalThis as { __TEMPORAL_ACTIVATOR__?: { moduleCache: Map<unknown, unknown> } };

scope.__TEMPORAL_ACTIVATOR__ = { moduleCache: new Map() };
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be loaded before the line above
const loaded = require('../index.ts') as typeof Workflows;
delete scope.__TEMPORAL_ACTIVATOR__;

/** A function, because the SDK freezes everything else that it can reach. */
export const workflows = (): typeof loaded => loaded;
