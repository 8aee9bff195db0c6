import { homedir, hostname, tmpdir } from 'node:os';

/** What names a machine or who was at it, and is nothing that a replay looks at. */
const DROPPED = new Set(['identity', 'stackTrace']);
const JSON_PLAIN = Buffer.from('json/plain').toString('base64');

/** What a history says of paths and of this machine instead. */
const NOWHERE = '/srv/data';
const HOST = 'host';

/**
 * A history that can be shown to others: without the paths given, those of this machine's user, its name, identities and
 * stack traces. It replays as it did. What people wrote is theirs to judge: titles, texts and names stay, and so does
 * what is encrypted.
 */
export function scrubbed(history: unknown, places: readonly string[] = []): unknown {
  return scrub(history, anonymous([...places, homedir(), tmpdir()], hostname()));
}

type Replacing = (text: string) => string;

function scrub(value: unknown, replacing: Replacing): unknown {
  if (typeof value === 'string') return replacing(value);
  if (Array.isArray(value)) return value.map((each) => scrub(each, replacing));
  if (typeof value !== 'object' || value === null) return value;
  if (isPayload(value)) return { ...value, data: ofPayload(value, replacing) };
  const kept = Object.entries(value).filter(([name]) => !DROPPED.has(name));
  // A worker's own queue is named after its machine.
  const own = 'kind' in value && value.kind === 'TASK_QUEUE_KIND_STICKY' ? { name: 'sticky' } : {};
  return { ...Object.fromEntries(kept.map(([name, each]) => [name, scrub(each, replacing)])), ...own };
}

interface Payload {
  metadata: { encoding?: string };
  data: string;
}

const isPayload = (value: object): value is Payload =>
  'data' in value && typeof value.data === 'string' && 'metadata' in value && typeof value.metadata === 'object';

/** Only JSON is text: any other payload is bytes, which would not survive. */
const ofPayload = ({ metadata, data }: Payload, replacing: Replacing): string =>
  metadata.encoding === JSON_PLAIN
    ? Buffer.from(replacing(Buffer.from(data, 'base64').toString('utf8'))).toString('base64')
    : data;

/** Longest first, so that what lies in another place is not cut short; a place ends where its last name does. */
function anonymous(places: readonly string[], host: string): Replacing {
  const named = [...new Set(places.map((place) => place.replace(/\/+$/, '')))]
    .filter((place) => place.length > 1)
    .sort((a, b) => b.length - a.length);
  const paths = new RegExp(`(?:${named.map(literally).join('|')})(?![\\w-])`, 'g');
  // A machine whose name is a plain word, such as "main", is not to be told from one.
  const isName = /[\d.-]/.test(host);
  const hosts = new RegExp(`(?<![\\w-])${literally(host)}(?![\\w-])`, 'g');
  return (text) => (isName ? text.replace(hosts, HOST) : text).replace(paths, NOWHERE);
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
