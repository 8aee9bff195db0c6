import { workflows } from './preloading.ts';

/** The entry point of the bundle for each run: the preloaded workflow types by name. */
export const { environment, peek, pipelineRun, recovery, releaseWatch, survey } = workflows();
