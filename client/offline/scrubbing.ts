import { homedir, hostname, tmpdir } from 'node:os';

/** The fields that identify a machine or its user. A replay does not read them. */
const DROPPED = new Set(['identity', 'stackTrace']);
const JSON_PLAIN = Buffer.from('json/plain').toString('base64');

/** The replacements for paths and for the name of this machine. */
const NOWHERE = '/srv/data';
const HOST = 'host';

/**
 * Removes from a history the given paths, those of this machine's user, the machine's name, identities and stack traces, so
 * that it can be shared. It still replays. Titles, texts and names that people wrote stay, and so do encrypted payloads.
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
  // The name of a worker's sticky queue contains the name of its machine.
  const own = 'kind' in value && value.kind === 'TASK_QUEUE_KIND_STICKY' ? { name: 'sticky' } : {};
  return { ...Object.fromEntries(kept.map(([name, each]) => [name, scrub(each, replacing)])), ...own };
}

interface Payload {
  metadata: { encoding?: string };
  data: string;
}

const isPayload = (value: object): value is Payload =>
  'data' in value && typeof value.data === 'string' && 'metadata' in value && typeof value.metadata === 'object';

/** Replaces only within JSON. Other payloads are bytes, and a replacement would damage them. */
const ofPayload = ({ metadata, data }: Payload, replacing: Replacing): string =>
  metadata.encoding === JSON_PLAIN
    ? Buffer.from(replacing(Buffer.from(data, 'base64').toString('utf8'))).toString('base64')
    : data;

/** Replaces the longest path first, because one may contain another, and only where its last name is complete. */
function anonymous(places: readonly string[], host: string): Replacing {
  const named = [...new Set(places.map((place) => place.replace(/\/+$/, '')))]
    .filter((place) => place.length > 1)
    .sort((a, b) => b.length - a.length);
  const paths = new RegExp(`(?:${named.map(literally).join('|')})(?![\\w-])`, 'g');
  // A machine name that is a plain word, such as "main", cannot be distinguished from the word.
  const isName = /[\d.-]/.test(host);
  const hosts = new RegExp(`(?<![\\w-])${literally(host)}(?![\\w-])`, 'g');
  return (text) => (isName ? text.replace(hosts, HOST) : text).replace(paths, NOWHERE);
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
