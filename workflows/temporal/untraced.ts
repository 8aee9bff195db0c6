/**
 * Keeps the SDK from recording the call stack of every promise, which takes half of the time of a workflow task. The stacks
 * serve the query `__stack_trace` alone, and a run's own page shows what it waits for. For every promise the SDK compiles two
 * expressions through this property. The first finds the run that a promise belongs to: it stays, because an unhandled
 * rejection fails that run's task, and would otherwise end the whole thread. The second is the error whose stack is recorded:
 * it becomes an error without one. Any other expression is compiled, so that another SDK is slower, but works.
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
