import type { Fact } from '../../../workflows/contracts/facts.ts';
import { inWords } from '../../../workflows/words/index.ts';

/** Tests each fact of the table for the sentence that people read. */
export const examples = (table: [fact: Fact, sentence: string][]): void =>
  it.each(table)('%j', (fact, sentence) => expect(inWords(fact)).toBe(sentence));
