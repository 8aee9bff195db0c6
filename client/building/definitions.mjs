// What the contracts use of `@temporalio/workflow`. The rest of it is for workflow code, and takes long to load.
export const defineSignal = (name) => ({ type: 'signal', name });
export const defineUpdate = (name) => ({ type: 'update', name });
export const defineQuery = (name) => ({ type: 'query', name });
