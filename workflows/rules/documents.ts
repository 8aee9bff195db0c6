import { z } from 'zod';

const text = z.string().trim().max(20_000).catch('');
const list = <Of extends z.ZodType>(of: Of, most: number) =>
  z
    .array(z.unknown())
    .catch([])
    .transform((said) => said.map((each) => of.safeParse(each).data as z.output<Of> | undefined))
    .transform((said) => said.filter((each) => each !== undefined).slice(0, most));

const Acceptance = z.object({ given: text, when: text, outcome: text });
const Requirement = z.object({
  id: text,
  title: text,
  text,
  acceptance: list(Acceptance, 50),
  rules: list(z.string(), 50),
});
const Group = z.object({ name: text, requirements: list(Requirement, 100), rules: list(z.string(), 50) });

/** What a spec-writer answers (ports.md 11.3). One without the name of its service is none. */
const Spec = z.object({
  service: z
    .union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)])
    .pipe(z.string().trim().min(1).max(200)),
  summary: text,
  modules: list(z.object({ name: text, summary: text, groups: list(Group, 100) }), 40),
});

/** What a blueprint-maker answers: at most 40 modules, and 40 references of each. One without a name is none. */
const Blueprint = z.object({
  type: text,
  name: z.string().trim().min(1).max(200),
  summary: text,
  references: list(z.string(), 40),
  modules: list(z.object({ name: z.string().trim().min(1), summary: text, references: list(z.string(), 40) }), 40),
});

/** A document that we commit: how people read it, and the same as data. */
export interface Document {
  name: string;
  markdown: string;
  data: unknown;
}

const lines = (...parts: (string | false | undefined)[]): string => parts.filter(Boolean).join('\n\n');
const bullets = (of: readonly string[]): string => of.map((each) => `- ${each}`).join('\n');

/** Renders a spec, or nothing when the answer is none: then what the agent said is all there is. */
export function readSpec(output: unknown): Document | undefined {
  const { data } = Spec.safeParse(output);
  if (!data) return undefined;
  const modules = data.modules.map(({ name, summary, groups }) =>
    lines(`## ${name}`, summary, ...groups.map(groupText)),
  );
  return { name: data.service, markdown: `${lines(`# ${data.service}`, data.summary, ...modules)}\n`, data };
}

function groupText({ name, requirements, rules }: z.output<typeof Group>): string {
  return lines(
    name && `### ${name}`,
    ...requirements.map(requirementText),
    rules.length > 0 && `Rules:\n\n${bullets(rules)}`,
  );
}

function requirementText({ id, title, text: said, acceptance, rules }: z.output<typeof Requirement>): string {
  const cases = acceptance.map(({ given, when, outcome }) => `Given ${given}; when ${when}; then ${outcome}`);
  const head = [id, title].filter(Boolean).join(': ');
  return lines(head && `#### ${head}`, said, cases.length > 0 && bullets(cases), rules.length > 0 && bullets(rules));
}

/** Renders a blueprint, or nothing when the answer is none. */
export function readBlueprint(output: unknown): Document | undefined {
  const { data } = Blueprint.safeParse(output);
  if (!data) return undefined;
  const { name, type, summary, references, modules } = data;
  const parts = modules.map((module) => lines(`## ${module.name}`, module.summary, bullets(module.references)));
  return {
    name,
    markdown: `${lines(`# ${name}`, type && `A ${type}.`, summary, bullets(references), ...parts)}\n`,
    data,
  };
}

/** The files that a document becomes below a folder: for people, and as data. */
export const filesOf = (folder: string, { name, markdown, data }: Document): Record<string, string> => ({
  [`${folder}/${slugOf(name)}.md`]: markdown,
  [`${folder}/${slugOf(name)}.json`]: `${JSON.stringify(data, null, 2)}\n`,
});

/** A text that a person wrote themselves is only that: its heading names it. */
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
