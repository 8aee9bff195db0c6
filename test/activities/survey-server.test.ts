import { messageOf } from '../../activities/survey/server.ts';

const payloadOf = (text: string) => ({ data: Buffer.from(text) });
/** Reverses every text, in place of encryption with a key. */
const codec = {
  encode: async (payloads: any[]) => payloads,
  decode: async ([payload]: any[]) => [payloadOf([...payload.data.toString('utf8')].reverse().join(''))],
};
const encrypted = [...JSON.stringify({ message: 'no space left on device', stack_trace: '' })].reverse().join('');

it.each([
  ['plain text', { message: 'no space left' }, [], 'no space left'],
  ['empty without a failure', undefined, [], ''],
  [
    'decrypted with a codec',
    { message: 'Encoded failure', encodedAttributes: payloadOf(encrypted) },
    [codec],
    'no space left on device',
  ],
  [
    'left encrypted without a codec',
    { message: 'Encoded failure', encodedAttributes: payloadOf(encrypted) },
    [],
    'Encoded failure',
  ],
])('the message of a failure is %s', async (_, failure, codecs, expected) => {
  expect(await messageOf(failure as never, codecs)).toBe(expected);
});
