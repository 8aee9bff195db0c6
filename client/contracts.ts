/** The contracts, for programs that use their own Temporal client to communicate with runs. */
export * from '../workflows/contracts/messages.ts';
export * from '../workflows/contracts/notices.ts';
export * from '../workflows/contracts/outcome.ts';
export * from '../workflows/contracts/pipeline-run.ts';
export * from '../workflows/contracts/pipelines.ts';
export * from '../workflows/contracts/policy.ts';
export * from '../workflows/contracts/queries.ts';
export * from '../workflows/contracts/reading.ts';
export * from '../workflows/contracts/run/search-attributes.ts';
export { RunInput } from '../workflows/gates/index.ts';
