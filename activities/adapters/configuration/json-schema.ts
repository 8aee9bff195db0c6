import { z } from 'zod';
import { AGENT_FORMS, AgentWritten, Command } from '../settings/agent-settings.ts';
import { RepositorySettings } from '../settings/repository-settings.ts';
import { ConfigurationFile } from './schema.ts';

/** What is written, as editors see it. */
const OPTIONS = { io: 'input', unrepresentable: 'any', target: 'draft-7' } as const;

const schemaOf = (title: string, schema: z.ZodType): object => ({
  title,
  ...z.toJSONSchema(schema, {
    ...OPTIONS,
    // Its forms are chosen by a function, which has no schema.
    override({ zodSchema, jsonSchema }) {
      if (zodSchema === AgentWritten) jsonSchema.anyOf = [Command, ...Object.values(AGENT_FORMS)].map(part);
    },
  }),
});

function part(schema: z.ZodType) {
  const { $schema, ...rest } = z.toJSONSchema(schema, OPTIONS);
  void $schema;
  return rest as z.core.JSONSchema.JSONSchema;
}

/** The files as JSON Schemas of draft 7, for editors. They lack the rules that no JSON Schema can express. */
export const schemas = {
  configuration: () => schemaOf('The configuration file of gatehouse', ConfigurationFile),
  repository: () => schemaOf('.gatehouse.yml', RepositorySettings),
};
