import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Cipher } from '../../activities/adapters/state/cipher.ts';
import { ENCRYPTED } from '../../workflows/contracts/unreadable.ts';
import { BadVariables, CodecKeys, type CodecKey, type Variables } from './variables.ts';

/** AES-256-GCM with 96-bit nonces and 128-bit tags, as NIST SP 800-38D recommends and Temporal's samples use it. */
const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;

/** Imported through the default export, because Node does not detect the names of this CommonJS module. */
const { Payload: Wire } = proto.temporal.api.common.v1;

/** The configured keys. The first one encrypts. Empty if encryption is off. Throws `BadVariables`. */
export function codecKeysOf({ GATEHOUSE_CODEC_KEYS, GATEHOUSE_CODEC_KEYS_FILE: file }: Variables): CodecKey[] {
  if (file === undefined) return GATEHOUSE_CODEC_KEYS ?? [];
  if (GATEHOUSE_CODEC_KEYS) {
    throw new BadVariables('GATEHOUSE_CODEC_KEYS_FILE: expected GATEHOUSE_CODEC_KEYS to be unset');
  }
  const { data, error } = CodecKeys.safeParse(textOf(file));
  if (data) return data;
  throw new BadVariables(`GATEHOUSE_CODEC_KEYS_FILE: expected a file with ${error.issues[0]!.message}`);
}

/** Reads a file with one key per line. Lines that begin with `#` are comments. */
function textOf(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .join(',');
  } catch (failure) {
    const { code = 'unreadable' } = failure as NodeJS.ErrnoException;
    throw new BadVariables(`GATEHOUSE_CODEC_KEYS_FILE: expected a readable file; ${file} is not (${code})`);
  }
}

/** A decrypted payload, or why it cannot be decrypted: its key is missing, or it was changed after encryption. */
type Opened = { is: 'open'; payload: Payload } | { is: 'missing' | 'forged'; key: string };

/**
 * Encrypts payloads with the first key, and decrypts them with any key. Payloads that are not encrypted, or that another
 * codec has encrypted, pass through, so that older ones stay readable and people may signal in plain JSON. The caller
 * handles those that cannot be decrypted.
 */
const codec = (
  keys: readonly CodecKey[],
  unopened: (why: Exclude<Opened, { is: 'open' }>, payload: Payload) => Payload,
) =>
  ({
    encode: async (payloads) => payloads.map((payload) => (keys[0] ? encrypt(payload, keys[0]) : payload)),
    decode: async (payloads) =>
      payloads.map((payload) => {
        const opened = open(payload, keys);
        return opened.is === 'open' ? opened.payload : unopened(opened, payload);
      }),
  }) satisfies PayloadCodec;

/**
 * The worker's codec. If a key is missing, the payload stays encrypted, and the payload converter stalls the run until the
 * key is configured. A forged payload is marked as forged, and is refused like any other unreadable payload.
 */
export const workerCodec = (keys: readonly CodecKey[]): PayloadCodec =>
  codec(keys, ({ is }, payload) =>
    is === 'missing' ? payload : { ...payload, metadata: { encoding: Buffer.from('binary/forged') } },
  );

/** The client's codec. It is used even if encryption is off, because its error names the missing key. */
export const clientCodec = (keys: readonly CodecKey[]): PayloadCodec =>
  codec(keys, ({ is, key }) => {
    throw new BadVariables(
      is === 'missing'
        ? `GATEHOUSE_CODEC_KEYS: expected the key ${key}, with which this is encrypted; configure the worker’s keys here too`
        : `GATEHOUSE_CODEC_KEYS: expected the key ${key} as the worker has it; this key does not decrypt it`,
    );
  });

/** The codec server's codec. It returns undecryptable payloads as they are, so that the rest of a history is shown. */
export const lenientCodec = (keys: readonly CodecKey[]): PayloadCodec => codec(keys, (_, payload) => payload);

/** How a stored text begins that is encrypted. The key's id and the encrypted bytes in base64 follow, after a colon each. */
const SEALED = 'gatehouse-encrypted:';

/**
 * Encrypts texts in the database with the first key, and decrypts them with any. Without keys, and for texts that were stored
 * without, they stay as they are.
 */
export const textCipher = (keys: readonly CodecKey[]): Cipher => ({
  encrypt(text) {
    const [first] = keys;
    if (!first) return text;
    return `${SEALED}${first.id}:${sealed(Buffer.from(text), first, TEXT).toString('base64')}`;
  },
  decrypt(text) {
    const [, id, data] = text.startsWith(SEALED) ? text.split(':') : [];
    if (id === undefined || data === undefined) return text;
    const key = keys.find((each) => each.id === id);
    const needed = `GATEHOUSE_CODEC_KEYS: expected the key ${id}, with which a text in the database is encrypted`;
    if (!key) throw new BadVariables(needed);
    try {
      return unsealed(Buffer.from(data, 'base64'), key, TEXT).toString();
    } catch {
      throw new BadVariables(`${needed}; this key does not decrypt it`);
    }
  },
});

const encrypt = (payload: Payload, key: CodecKey): Payload => ({
  metadata: { encoding: Buffer.from(ENCRYPTED), 'encryption-key-id': Buffer.from(key.id) },
  data: sealed(Wire.encode(payload).finish(), key, PAYLOAD),
});

function open(payload: Payload, keys: readonly CodecKey[]): Opened {
  const { encoding, 'encryption-key-id': named } = payload.metadata ?? {};
  if (!encoding || !named || Buffer.from(encoding).toString() !== ENCRYPTED) return { is: 'open', payload };
  const id = Buffer.from(named).toString();
  const found = keys.find((key) => key.id === id);
  if (!found) return { is: 'missing', key: id };
  try {
    const { metadata, data: text } = Wire.decode(unsealed(Buffer.from(payload.data ?? []), found, PAYLOAD));
    return { is: 'open', payload: { metadata, data: text } };
  } catch {
    return { is: 'forged', key: id };
  }
}

function sealed(plain: Uint8Array, { id, key }: CodecKey, what: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, Buffer.from(key, 'base64'), nonce).setAAD(boundTo(what, id));
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, encrypted, cipher.getAuthTag()]);
}

/** Throws if the data was changed after encryption. */
function unsealed(data: Buffer, { id, key }: CodecKey, what: string): Buffer {
  const decipher = createDecipheriv(CIPHER, Buffer.from(key, 'base64'), data.subarray(0, NONCE), {
    authTagLength: TAG,
  });
  decipher.setAAD(boundTo(what, id)).setAuthTag(data.subarray(-TAG));
  return Buffer.concat([decipher.update(data.subarray(NONCE, -TAG)), decipher.final()]);
}

/** What is encrypted. Neither kind can be passed off as the other. */
const PAYLOAD = 'payload';
const TEXT = 'text';

/**
 * The additional authenticated data: the key's id, but not the workflow, because payloads move between runs and to the
 * Web UI.
 */
const boundTo = (what: string, id: string) => Buffer.from(`gatehouse ${what} ${id}`);
