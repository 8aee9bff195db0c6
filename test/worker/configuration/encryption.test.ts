import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { clientCodec, codecKeysOf, lenientCodec, workerCodec } from '../../../worker/configuration/encryption.ts';
import { payloadConverter } from '../../../workflows/temporal/payload-converter.ts';
import { isUnreadable } from '../../../workflows/contracts/unreadable.ts';
import { readVariables } from '../../../worker/configuration/variables.ts';

const keyOf = (id: string) => ({ id, key: randomBytes(32).toString('base64') });
const [k1, k2] = [keyOf('2025'), keyOf('2026')];
const said = { findings: 'The total is wrong.' };
const plain = defaultPayloadConverter.toPayload(said)!;
const read = (payload: any) => payloadConverter.fromPayload(payload);

describe('a payload', () => {
  it('is encrypted with the first key and a unique nonce, and names its key', async () => {
    const [one, two] = await workerCodec([k2, k1]).encode([plain, plain]);
    expect(Buffer.from(one!.data!).toString('latin1')).not.toContain('total');
    expect(Buffer.from(one!.data!)).not.toEqual(Buffer.from(two!.data!));
    expect(Object.fromEntries(Object.entries(one!.metadata!).map(([name, text]) => [name, String(text)]))).toEqual({
      encoding: 'binary/encrypted',
      'encryption-key-id': '2026',
    });
  });

  it('can be read with any key, including old ones', async () => {
    const old = await workerCodec([k1]).encode([plain]);
    for (const codec of [workerCodec([k2, k1]), clientCodec([k2, k1]), lenientCodec([k2, k1])]) {
      expect(read((await codec.decode(old))[0])).toEqual(said);
    }
  });

  it('passes through if it was never encrypted, with and without keys', async () => {
    for (const codec of [workerCodec([k1]), clientCodec([k1]), clientCodec([])]) {
      expect((await codec.decode([plain]))[0]).toBe(plain);
    }
    expect((await clientCodec([]).encode([plain]))[0]).toBe(plain);
  });

  it('stalls the worker if its key is missing, and the client’s error names the key', async () => {
    const encrypted = await workerCodec([k1]).encode([plain]);
    const [left] = await workerCodec([k2]).decode(encrypted);
    expect(() => read(left)).toThrow(
      'encrypted with the key 2025, which the worker lacks: add it to its GATEHOUSE_CODEC_KEYS',
    );
    for (const keys of [[k2], []]) {
      await expect(clientCodec(keys).decode(encrypted)).rejects.toThrow(
        'GATEHOUSE_CODEC_KEYS: expected the key 2025, with which this is encrypted; configure the worker’s keys here too',
      );
    }
    expect(await lenientCodec([k2]).decode(encrypted)).toEqual(encrypted);
  });

  it('is refused as unreadable if another codec has encrypted it', async () => {
    const foreign = { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.from('x') };
    expect(isUnreadable(read((await workerCodec([k1]).decode([foreign]))[0]))).toBe(true);
  });

  const encrypted = async () => (await workerCodec([k1]).encode([plain]))[0]!;
  it.each<[string, (data: Buffer) => Buffer]>([
    ['with a flipped bit', (data) => Buffer.from(data.map((byte, n) => (n === 20 ? byte ^ 1 : byte)))],
    ['with another tag', (data) => Buffer.concat([data.subarray(0, -16), randomBytes(16)])],
    ['that is cut short', (data) => data.subarray(0, 20)],
    ['without data', () => Buffer.alloc(0)],
    ['of random bytes', () => randomBytes(200)],
  ])('%s is never decrypted, and never stalls a run', async (_, forge) => {
    const payload = await encrypted();
    const forged = { ...payload, data: forge(Buffer.from(payload.data!)) };
    expect(isUnreadable(read((await workerCodec([k1]).decode([forged]))[0]))).toBe(true);
    await expect(clientCodec([k1]).decode([forged])).rejects.toThrow('expected the key 2025 as the worker has it');
  });

  it('is bound to its key’s id, so the same key with another id does not decrypt it', async () => {
    const payload = await encrypted();
    const renamed = { ...payload, metadata: { ...payload.metadata, 'encryption-key-id': Buffer.from('other') } };
    await expect(clientCodec([{ id: 'other', key: k1.key }]).decode([renamed])).rejects.toThrow('as the worker has it');
  });
});

describe('keys', () => {
  const text = (...keys: { id: string; key: string }[]) => keys.map(({ id, key }) => `${id}:${key}`).join(',');
  const keysOf = (variables: Record<string, string>) => codecKeysOf(readVariables(variables));

  it('come from the environment or from a file with one key per line', async () => {
    expect(keysOf({})).toEqual([]);
    expect(keysOf({ GATEHOUSE_CODEC_KEYS: text(k2, k1) })).toEqual([k2, k1]);
    const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-keys-'));
    try {
      const file = path.join(folder, 'keys');
      await writeFile(file, `# new\n${text(k2)}\n\n# old\n${text(k1)}\n`);
      expect(keysOf({ GATEHOUSE_CODEC_KEYS_FILE: file })).toEqual([k2, k1]);
      const both = { GATEHOUSE_CODEC_KEYS: text(k1), GATEHOUSE_CODEC_KEYS_FILE: file };
      expect(() => keysOf(both)).toThrow('GATEHOUSE_CODEC_KEYS_FILE: expected GATEHOUSE_CODEC_KEYS to be unset');
      await writeFile(file, 'nothing of use');
      expect(() => keysOf({ GATEHOUSE_CODEC_KEYS_FILE: file })).toThrow('expected a file with keys as id:base64');
      expect(() => keysOf({ GATEHOUSE_CODEC_KEYS_FILE: `${file}-not` })).toThrow(/expected a readable file.*ENOENT/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  const short = randomBytes(16).toString('base64');
  it.each([
    ['without an id', k1.key],
    ['of 16 bytes', `a:${short}`],
    ['of 33 bytes', `a:${randomBytes(33).toString('base64')}`],
    ['with a bad id', `-a:${k1.key}`],
    ['that is empty', 'a:'],
    ['twice', `a:${k1.key},a:${k2.key}`],
  ])('are refused if there is one %s, and the error does not contain it', (_, bad) => {
    let message = '';
    try {
      keysOf({ GATEHOUSE_CODEC_KEYS: bad });
    } catch (failure) {
      message = (failure as Error).message;
    }
    expect(message).toMatch(/^GATEHOUSE_CODEC_KEYS: expected keys as id:base64/);
    for (const secret of [k1.key, k2.key, short]) expect(message).not.toContain(secret);
  });
});
