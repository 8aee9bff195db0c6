import type { Command } from 'commander';

/**
 * Moves texts that begin with a hyphen behind `--`, because a person who reports "-1 is shown" does not mean an option.
 * A word that looks like an option, such as `--bye`, stays where it is, and commander refuses it by name.
 */
export function wordsAsTyped(program: Command, words: readonly string[]): string[] {
  const at = words.findIndex((word) => !word.startsWith('-'));
  const command = program.commands.find((each) => each.name() === words[at]);
  if (!command || words.includes('--')) return [...words];
  const takesValue = (word: string) =>
    command.options.some(({ long, short, required }) => required && (word === long || word === short));

  const options: string[] = [];
  const operands: string[] = [];
  let text = false;
  for (let index = at + 1; index < words.length; index += 1) {
    const word = words[index]!;
    if (takesValue(word)) options.push(word, ...words.slice((index += 1), index + 1));
    else if (word.startsWith('-') && !isText(word)) options.push(word);
    else {
      operands.push(word);
      text ||= word.startsWith('-');
    }
  }
  return text ? [...words.slice(0, at + 1), ...options, '--', ...operands] : [...words];
}

/** Whether a word is text. An option has no blanks, and does not begin with a digit. */
const isText = (word: string): boolean => !/^--?[A-Za-z][\w-]*(?:=|$)/.test(word);
