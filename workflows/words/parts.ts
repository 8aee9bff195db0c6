import type { Fact, FactName, Facts } from '../contracts/facts.ts';
import type { Failing } from '../contracts/reports.ts';

/** The values of the sentence of a fact. Facts within a fact have already become sentences. */
export type Parts<Name extends FactName> = {
  [Key in keyof Facts[Name]]: Fact extends Facts[Name][Key] ? Exclude<Facts[Name][Key], Fact> : Facts[Name][Key];
};

/** A commit as people read it. */
export const short = (commit: string): string => commit.slice(0, 8);

export const namesOf = (failing: readonly Pick<Failing, 'name'>[]): string =>
  failing.map(({ name }) => name).join(', ');

/** Paragraphs, without those that are empty. */
export const paragraphs = (...parts: readonly (string | false | undefined)[]): string =>
  parts.filter(Boolean).join('\n\n');

/** Asks an agent again whose answer could not be read. */
export const REPAIR = 'Your last answer could not be read. Answer with exactly the JSON asked for.';
