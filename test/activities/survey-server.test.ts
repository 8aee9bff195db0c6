import { messageOf } from '../../activities/survey/server.ts';

const payloadOf = (text: string) => ({ data: Buffer.from(text) });
/** Turns every letter round, as a codec with a key would. */
const codec = {
  encode: async (payloads: any[]) => payloads,
  decode: async ([payload]: any[]) => [payloadOf([...payload.data.toString('utf8')].reverse().join(''))],
};
const encrypted = [...JSON.stringify({ message: 'no space left on device', stack_trace: '' })].reverse().join('');

it.each([
  ['what a failure says', { message: 'no space left' }, [], 'no space left'],
  ['nothing, where there is none', undefined, [], ''],
  [
    'what it says under its seal',
    { message: 'Encoded failure', encodedAttributes: payloadOf(encrypted) },
    [codec],
    'no space left on device',
  ],
  [
    'that it is encrypted, where the key is not here',
    { message: 'Encoded failure', encodedAttributes: payloadOf(encrypted) },
    [],
    'Encoded failure',
  ],
])('%s is told', async (_, failure, codecs, told) => {
  expect(await messageOf(failure as never, codecs)).toBe(told);
});
