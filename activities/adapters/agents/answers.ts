import { z } from 'zod';

/** The shape of an answer that consists of data, and how to check one. */
export interface Wanted {
  /** As JSON Schema. */
  schema: object;
  /** The answer in this shape, or what does not fit. */
  fit(answer: unknown): { data: object } | { misfits: string[] };
}

const score = z.number().min(0).max(1);
const text = z.string().default('');
const texts = z.array(z.string()).default([]);

const assessment = z.object({ complexity: score, risk: score, impact: score, rationale: z.string() });

const review = z.object({
  rating: score,
  summary: text,
  comments: z.array(z.object({ quotedSource: text, body: z.string() })).default([]),
});

const findings = z.object({
  items: z.array(
    z.object({
      category: z.enum(['gap', 'clarification', 'assumption', 'risk', 'question']),
      severity: z.enum(['low', 'medium', 'high']),
      title: z.string(),
      detail: text,
    }),
  ),
});

const recommendations = z.object({
  items: z.array(
    z.object({ itemId: z.string(), recommendation: z.string(), fromStandard: z.boolean().default(false) }),
  ),
});

const testReport = z.object({
  greenlight: z.boolean(),
  summary: z.string(),
  tested: texts,
  outcomes: z
    .array(z.object({ name: z.string(), status: z.enum(['passed', 'failed', 'skipped']), detail: text }))
    .default([]),
  concerns: z
    .array(z.object({ title: z.string(), detail: text, severity: z.enum(['low', 'medium', 'high', 'critical']) }))
    .default([]),
});

const onCall = z.object({
  culpritConfidence: score,
  recommendation: z.enum(['revert', 'hold', 'monitor']),
  rationale: z.string(),
  evidence: texts,
});

const requirement = z.object({
  id: text,
  title: z.string(),
  text,
  acceptance: z.array(z.object({ given: text, when: text, outcome: z.string() })).default([]),
});

const specification = z.object({
  service: z.string(),
  summary: text,
  modules: z.array(
    z.object({
      name: z.string(),
      summary: text,
      groups: z.array(z.object({ name: text, requirements: z.array(requirement), rules: texts })),
    }),
  ),
});

const blueprint = z.object({
  type: text,
  name: z.string(),
  summary: text,
  references: texts,
  modules: z.array(z.object({ name: z.string(), summary: text, references: texts })).default([]),
});

/** What each role answers with. Roles that are not listed answer with words. */
const BY_ROLE: Readonly<Record<string, z.ZodType<object>>> = {
  merger: assessment,
  'task-estimator': assessment,
  tester: testReport,
  'on-call': onCall,
  blueprints: blueprint,
  'spec-writer': specification,
  'requirements-reviewer': findings,
  'clarity-reviewer': findings,
  recommender: recommendations,
};

const ranking = z.object({ ranking: z.array(z.string()) });

/** Briefs name the shape of the answer after this. A role may be asked for another one than its own, such as a vote. */
const ASKED = /Answer in `output` with \{ "(\w+)"/g;

/** The shape of the answer that a job asks for. Undefined if it asks for words. */
export function wantedOf({ role, brief }: { role: string; brief: string }): Wanted | undefined {
  const asked = [...brief.matchAll(ASKED)].at(-1)?.[1];
  if (asked === 'ranking') return wanted(ranking);
  const own = Object.hasOwn(BY_ROLE, role) ? BY_ROLE[role] : undefined;
  return own ? wanted(own) : asked === 'rating' ? wanted(review) : undefined;
}

/** Whether a job asks for data whose shape only its brief describes. */
export const asksForData = (brief: string): boolean => /Answer in `output` with/.test(brief);

function wanted(type: z.ZodType<object>): Wanted {
  const { $schema, ...schema } = z.toJSONSchema(type, { override: ({ jsonSchema }) => void delete jsonSchema.default });
  void $schema;
  return {
    schema,
    fit(answer) {
      const { data, error } = type.safeParse(Array.isArray(answer) ? { items: answer } : answer);
      if (data) return { data };
      return { misfits: error.issues.slice(0, 20).map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`) };
    },
  };
}
