import { z } from 'zod';

const text = z.string().trim().max(20_000).catch('');
const list = <Of extends z.ZodType>(of: Of, most: number) =>
  z
    .array(z.unknown())
    .catch([])
    .transform((items) => items.map((item) => of.safeParse(item).data as z.output<Of> | undefined))
    .transform((items) => items.filter((item) => item !== undefined).slice(0, most));

const Acceptance = z.object({ given: text, when: text, outcome: text });
const Requirement = z.object({
  id: text,
  title: text,
  text,
  acceptance: list(Acceptance, 50),
  rules: list(z.string(), 50),
});
export type Requirement = z.output<typeof Requirement>;

const Group = z.object({ name: text, requirements: list(Requirement, 100), rules: list(z.string(), 50) });
export type Group = z.output<typeof Group>;

/** What a `spec-writer` answers. Without the name of its service it is no specification. */
export const Specification = z.object({
  service: z
    .union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)])
    .pipe(z.string().trim().min(1).max(200)),
  summary: text,
  modules: list(z.object({ name: text, summary: text, groups: list(Group, 100) }), 40),
});
export type Specification = z.output<typeof Specification>;

/** What `blueprints` answers: at most 40 modules, with 40 references each. Without a name it is no blueprint. */
export const Blueprint = z.object({
  type: text,
  name: z.string().trim().min(1).max(200),
  summary: text,
  references: list(z.string(), 40),
  modules: list(z.object({ name: z.string().trim().min(1), summary: text, references: list(z.string(), 40) }), 40),
});
export type Blueprint = z.output<typeof Blueprint>;
