import { ForgeUnavailable } from './failures.ts';

/** The largest answer that is read, in bytes. */
const MOST_BYTES = 32_000_000;

/** Reads a body, which is bounded, so that a forge cannot use up our memory. */
export async function textOf({ body }: Response, call: string, vendor: string): Promise<string> {
  if (!body) return '';
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength;
    if (bytes > MOST_BYTES) throw new ForgeUnavailable(`${vendor}: the answer to ${call} is too large.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The decoded body has another encoding and length than the received one. */
export function plain(headers: Headers): Headers {
  const copy = new Headers(headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) copy.delete(name);
  return copy;
}

/** How far the clock of who answers is ahead of ours, in milliseconds. */
export function skewOf(headers: Headers): number | undefined {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : date - Date.now();
}

/** Queries may be long, and are never needed to find the call. */
export const pathOf = (url: string) => new URL(url).pathname;
/** Whether a request takes an answer that is no JSON. */
export const isRaw = (headers: Headers) => /\braw\b|\*\/\*|text\/plain/.test(headers.get('accept') ?? '');
/** Whether answers of this status have no body. */
export const isEmpty = (status: number) => status === 204 || status === 205 || status === 304;

/** Why there was no answer, in the words of the network. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message } = (error.cause ?? error) as { code?: unknown; message?: unknown };
  return String(code ?? message ?? error.message);
}
