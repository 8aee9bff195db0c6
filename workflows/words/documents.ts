import type { Group, Requirement } from '../contracts/documents.ts';
import { paragraphs, type Parts } from './parts.ts';

export const notADocument = () => 'Its answer is no such document, so nothing was committed.';

export const documentNotCommitted = ({ because }: Parts<'documentNotCommitted'>) =>
  `It could not be committed: ${because}`;

export const committedIn = ({ files }: Parts<'committedIn'>) => `It is in ${files.join(' and ')}.`;

export const committing = ({ files }: { files: readonly string[] }) => `${files.join(', ')} are being committed`;

/** The message of the commit. A document without a name was edited by a person. */
export const documentCommit = ({ role, name }: Parts<'documentCommit'>) =>
  `${role}: ${name ?? 'as a person edited it'}`;

// The documents as people read them

export const specificationDocument = ({ specification }: Parts<'specificationDocument'>) => {
  const { service, summary, modules } = specification;
  const parts = modules.map((module) =>
    paragraphs(`## ${module.name}`, module.summary, ...module.groups.map(groupText)),
  );
  return `${paragraphs(`# ${service}`, summary, ...parts)}\n`;
};

function groupText({ name, requirements, rules }: Group): string {
  return paragraphs(
    name && `### ${name}`,
    ...requirements.map(requirementText),
    rules.length > 0 && `Rules:\n\n${bullets(rules)}`,
  );
}

function requirementText({ id, title, text, acceptance, rules }: Requirement): string {
  const cases = acceptance.map(({ given, when, outcome }) => `Given ${given}; when ${when}; then ${outcome}`);
  const heading = [id, title].filter(Boolean).join(': ');
  return paragraphs(heading && `#### ${heading}`, text, bullets(cases), bullets(rules));
}

export const blueprintDocument = ({ blueprint }: Parts<'blueprintDocument'>) => {
  const { name, type, summary, references, modules } = blueprint;
  const parts = modules.map((module) => paragraphs(`## ${module.name}`, module.summary, bullets(module.references)));
  return `${paragraphs(`# ${name}`, type && `A ${type}.`, summary, bullets(references), ...parts)}\n`;
};

const bullets = (of: readonly string[]): string => of.map((each) => `- ${each}`).join('\n');

// What the writers are asked

export const specificationAsked = () =>
  'Specify the task. Answer in `output` with { "service": "…", "summary": "…", "modules": [{ "name", "summary", "groups": [{ "name", "requirements": [{ "id", "title", "text", "acceptance": [{ "given", "when", "outcome" }] }], "rules": ["…"] }] }] }. Change no files: they are written for you.';

export const blueprintAsked = () =>
  'Map the service as it is. Answer in `output` with { "type": "…", "name": "…", "summary": "…", "references": ["path"], "modules": [{ "name", "summary", "references": ["path"] }] }. Change no files: they are written for you.';
