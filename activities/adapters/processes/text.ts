/** Terminal escape sequences: CSI, OSC and the like (ECMA-48), with the text that they carry. */
const SEQUENCES =
  /[\x1b\x9b](?:\[|(?<=\x9b))[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]/g;
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/** An agent's text as people can read it: without escape sequences, control characters and lone surrogates. */
export const plain = (text: string): string =>
  text
    .replace(SEQUENCES, '')
    .replace(/\r\n?/g, '\n')
    .replace(CONTROLS, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');

/** Applies `plain` to every text and key within a value of bounded depth. */
export function plainWithin<Of>(value: Of): Of;
export function plainWithin(value: unknown): unknown {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return value.map((each) => plainWithin<unknown>(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [plain(name), plainWithin<unknown>(each)]));
}
