import type { Access } from './access.ts';
import type { GithubStub } from './stub.ts';
import type { StubRepository } from './repository.ts';

/** One call to the API, as an operation sees it. */
export interface Call {
  stub: GithubStub;
  access: Access;
  /** The parts of the path that are in braces. */
  params: Record<string, string>;
  query: URLSearchParams;
  body: Record<string, any>;
  repository: StubRepository;
}

export interface Reply {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Operation {
  method: string;
  path: string;
  /** The permission that the call needs, as in `checks: read`. Undefined: none. */
  needs: readonly [permission: string, level: 'read' | 'write'] | undefined;
  run: (call: Call) => Reply | Promise<Reply>;
}

/** An answer that is no success, with GitHub's words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly more: { errors?: unknown[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
  }
}

export const notFound = () => new Refusal(404, 'Not Found');

/** An operation, written as in GitHub's documents: `GET /repos/{owner}/{repo}`. */
export const operation = (route: string, needs: string | undefined, run: Operation['run']): Operation => {
  const [method = '', path = ''] = route.split(' ');
  const [permission = '', level = 'read'] = needs?.split(': ') ?? [];
  return { method, path, needs: needs === undefined ? undefined : [permission, level as 'read' | 'write'], run };
};

/** The operation for a request, and the parts of its path. */
export function match(operations: readonly Operation[], method: string, path: string) {
  for (const each of operations) {
    if (each.method !== method) continue;
    const names = [...each.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    const found = new RegExp(`^${each.path.replace(/\{\w+\}/g, '([^/]+)')}$`).exec(path);
    if (!found) continue;
    const params = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1]!)]));
    return { operation: each, params };
  }
  return undefined;
}

/** One page of a list, with GitHub's links to the others. */
export function page<Each>(
  call: Call,
  path: string,
  all: readonly Each[],
): { items: Each[]; headers: Record<string, string> } {
  const size = Math.min(Number(call.query.get('per_page') ?? 30), call.stub.mostPerPage);
  const number = Number(call.query.get('page') ?? 1);
  const items = all.slice((number - 1) * size, number * size);
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (to: number, rel: string) => {
    const query = new URLSearchParams(call.query);
    query.set('page', String(to));
    return `<${call.stub.api}${path}?${query.toString()}>; rel="${rel}"`;
  };
  const links = number < last ? [link(number + 1, 'next'), link(last, 'last')] : [];
  if (number > 1) links.unshift(link(number - 1, 'prev'), link(1, 'first'));
  return { items, headers: links.length > 0 ? { link: links.join(', ') } : {} };
}
