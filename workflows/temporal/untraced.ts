/**
 * Keeps the SDK from recording the call stack of every promise, which takes half of the time of a workflow task. Only the
 * query `__stack_trace` needs the stacks, and a run's own page shows what it waits for. For every promise, the SDK
 * compiles two expressions through this property. The first one finds the run of the promise. It is kept, because
 * otherwise an unhandled rejection would end the whole thread and not just fail the task of that run. The second one is
 * the class of the error whose stack is recorded. It is replaced by a class without stacks. Other expressions are
 * compiled, so that another SDK version works, only slower.
 */
const scope = globalThis as { __TEMPORAL_ACTIVATOR__?: unknown };
class Stackless {}

const answers = new Map<string, () => unknown>([
  ['return globalThis.__TEMPORAL_ACTIVATOR__', () => scope.__TEMPORAL_ACTIVATOR__],
  ['return globalThis.Error', () => Stackless],
]);

const compile = Promise.constructor as FunctionConstructor;
Object.defineProperty(Promise, 'constructor', { value: (code: string) => answers.get(code) ?? compile(code) });

export {};
