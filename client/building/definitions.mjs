// The part of `@temporalio/workflow` that the contracts use. The rest is for workflow code, and is slow to load.
export const defineSignal = (name) => ({ type: 'signal', name });
export const defineUpdate = (name) => ({ type: 'update', name });
export const defineQuery = (name) => ({ type: 'query', name });
