/** The workflow types that the worker bundles, by name. */
export { environment } from './environment.ts';
export { peek } from './peek.ts';
export { pipelineRun } from './pipeline-run.ts';
export { recovery } from './recovery.ts';
export { releaseWatch } from './release-watch.ts';
export { survey } from './survey.ts';
