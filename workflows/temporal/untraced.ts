/**
 * Keeps the SDK from noting the call stack of every promise, which is half of what a turn costs here: it is for the query
 * `__stack_trace` alone, and a run says better what it waits for. Of every promise the SDK asks two things, as source text
 * that it has compiled through this property. Whose it is, is answered as ever: by that the SDK finds the run whose
 * rejection nobody handled, and fails its task instead of the whole thread. Only the error whose stack would be noted is one
 * without. Anything else is compiled: an SDK that asks in other words is slower, and works.
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
