import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';

const TYPES = { 'page.css': 'text/css; charset=utf-8', 'page.js': 'text/javascript; charset=utf-8' };
type Name = keyof typeof TYPES;
/** A browser keeps them for a year. Another version has another address. */
const KEPT = 'public, max-age=31536000, immutable';

interface Asset {
  text: string;
  hash: string;
}
const read = new Map<Name, Asset>();

/** The style sheet or the script. The build puts both beside its own files, as they are beside this one. */
function assetOf(name: Name): Asset {
  const before = read.get(name);
  if (before) return before;
  const text = readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
  const asset = { text, hash: createHash('sha256').update(text).digest('base64url').slice(0, 16) };
  read.set(name, asset);
  return asset;
}

/** The address of this version. */
export const addressOf = (name: Name): string => `/assets/${assetOf(name).hash}/${name}`;

/** Serves the style sheet and the script, to anybody. */
export function serveAssets(door: FastifyInstance): void {
  for (const name of Object.keys(TYPES) as Name[])
    door.get(`/assets/:hash/${name}`, { schema: { hide: true } }, (request, reply) => {
      const { text, hash } = assetOf(name);
      const tag = `"${hash}"`;
      void reply.header('etag', tag).header('cache-control', KEPT);
      if (request.headers['if-none-match'] === tag) return reply.code(304).send();
      return reply.type(TYPES[name]).send(text);
    });
}
