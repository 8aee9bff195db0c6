import { Blueprint, Specification } from '../contracts/documents.ts';
import type { Fact } from '../contracts/facts.ts';

/** A document that we commit: its name, how people read it, and the same as data. */
export interface Document {
  name: string;
  shown: Fact<'specificationDocument' | 'blueprintDocument'>;
  data: unknown;
}

/** Reads a specification. Returns nothing when the answer is none. */
export function readSpecification(output: unknown): Document | undefined {
  const { data } = Specification.safeParse(output);
  return data && { name: data.service, shown: { fact: 'specificationDocument', specification: data }, data };
}

/** Reads a blueprint. Returns nothing when the answer is none. */
export function readBlueprint(output: unknown): Document | undefined {
  const { data } = Blueprint.safeParse(output);
  return data && { name: data.name, shown: { fact: 'blueprintDocument', blueprint: data }, data };
}

/** The files of a document in a folder: one for people, and one as data. */
export const filesOf = (folder: string, name: string, markdown: string, data: unknown): Record<string, string> => ({
  [`${folder}/${slugOf(name)}.md`]: markdown,
  [`${folder}/${slugOf(name)}.json`]: `${JSON.stringify(data, null, 2)}\n`,
});

/** The file of a text that a person wrote. Its heading names it. */
export function textFiles(folder: string, markdown: string): Record<string, string> {
  const [, heading = 'document'] = /^#+ +(.+)$/m.exec(markdown) ?? [];
  return { [`${folder}/${slugOf(heading)}.md`]: `${markdown.trimEnd()}\n` };
}

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || 'document';
