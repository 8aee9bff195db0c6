/** Characters that steer a terminal, or that show a text otherwise than it is: C0, C1, and Unicode's bidi controls. */
const STEERING = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
/** The colours and weights of picocolors. */
const COLOUR = /(\x1b\[(?:[0-2]|22|3[0-9])m)/;

/** Text for a terminal, whoever wrote it: nothing in it can steer the terminal. Colours are ours, where there are any. */
export const tame = (text: string, colours: boolean): string =>
  text
    .split(colours ? COLOUR : /(?!)/)
    .map((part) => (colours && COLOUR.test(part) ? part : part.replace(STEERING, '')))
    .join('');

/** JSON says the same with these characters written out. */
export const tameJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(STEERING, escaped);

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
