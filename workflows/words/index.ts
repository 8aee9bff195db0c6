import type { Fact, FactName, Text } from '../contracts/facts.ts';
import * as agents from './agents.ts';
import * as checks from './checks.ts';
import * as companion from './companion.ts';
import * as conflicts from './conflicts.ts';
import * as consensus from './consensus.ts';
import * as documents from './documents.ts';
import * as environment from './environment.ts';
import * as humanTest from './human-test.ts';
import * as merger from './merger.ts';
import type { Parts } from './parts.ts';
import * as refusals from './refusals.ts';
import * as release from './release.ts';
import * as review from './review.ts';
import * as tester from './tester.ts';
import * as tracker from './tracker.ts';
import * as verdicts from './verdicts.ts';

/** The sentence of each fact. The compiler says which fact has none. */
const SENTENCES: { [Name in FactName]: (parts: Parts<Name>) => string } = {
  ...agents,
  ...checks,
  ...companion,
  ...conflicts,
  ...consensus,
  ...documents,
  ...environment,
  ...humanTest,
  ...merger,
  ...refusals,
  ...release,
  ...review,
  ...tester,
  ...tracker,
  ...verdicts,
};

/** Turns a fact into its sentence. Text that is in words already stays as it is. */
export function inWords(text: Text): string {
  if (typeof text === 'string') return text;
  const { fact, ...parts } = text;
  const worded = Object.entries(parts).map(([key, part]): [string, unknown] => [
    key,
    isFact(part) ? inWords(part) : part,
  ]);
  return (SENTENCES[fact] as (parts: object) => string)(Object.fromEntries(worded));
}

export const isFact = (part: unknown): part is Fact =>
  typeof part === 'object' &&
  part !== null &&
  'fact' in part &&
  typeof part.fact === 'string' &&
  Object.hasOwn(SENTENCES, part.fact);
