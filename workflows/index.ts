export { environment } from './environment.ts';
export { pipelineRun } from './pipeline-run.ts';
