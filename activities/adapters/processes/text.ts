/** What steers a terminal: CSI, OSC and the like (ECMA-48), each with the text it carries. */
const SEQUENCES =
  /[\x1b\x9b](?:\[|(?<=\x9b))[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]/g;
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/** Text of an agent as people can read it: no sequence that steers a terminal, no NUL, no half of a character. */
export const plain = (text: string): string =>
  text
    .replace(SEQUENCES, '')
    .replace(/\r\n?/g, '\n')
    .replace(CONTROLS, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');

/** The same for every text and every name within a value, which must not be nested without a bound. */
export function plainWithin<Of>(value: Of): Of;
export function plainWithin(value: unknown): unknown {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return value.map((each) => plainWithin<unknown>(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [plain(name), plainWithin<unknown>(each)]));
}
