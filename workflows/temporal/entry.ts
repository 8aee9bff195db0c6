import { workflows } from './preloading.ts';

/** What the bundle begins with, for each run: the workflow types by name, loaded already. */
export const { environment, pipelineRun, releaseWatch, survey } = workflows();
