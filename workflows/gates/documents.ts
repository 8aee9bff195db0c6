import { filesOf, readBlueprint, readSpec, textFiles, type Document } from '../rules/documents.ts';
import type { StepRecord } from '../contracts/state.ts';
import type { GateContext } from './gate.ts';

type Context = GateContext<unknown, 'documents' | 'output'>;

interface Writer {
  folder: string;
  asks: string;
  read: (output: unknown) => Document | undefined;
}

/** Agents that answer with a document, which we commit: they only read. */
const WRITERS: Readonly<Record<string, Writer>> = {
  'spec-writer': {
    folder: 'spec',
    asks: 'Specify the task. Answer in `output` with { "service": "…", "summary": "…", "modules": [{ "name", "summary", "groups": [{ "name", "requirements": [{ "id", "title", "text", "acceptance": [{ "given", "when", "outcome" }] }], "rules": ["…"] }] }] }. Change no files: they are written for you.',
    read: readSpec,
  },
  blueprints: {
    folder: 'blueprints',
    asks: 'Map the service as it stands. Answer in `output` with { "type": "…", "name": "…", "summary": "…", "references": ["path"], "modules": [{ "name", "summary", "references": ["path"] }] }. Change no files: they are written for you.',
    read: readBlueprint,
  },
};

/**
 * How a writer is asked, shown and settled. What is reviewed and approved is the document as people read it, never what
 * the agent says beside it. An answer that is none is kept as it came, and nothing is committed.
 */
export function writerOf(kind: 'spec-writer' | 'blueprints') {
  const { asks, read } = WRITERS[kind]!;
  return {
    asks,
    shows(end: { summary: string; output?: unknown }) {
      const document = read(end.output);
      return document ? { summary: document.markdown, output: document.data } : end;
    },
    effect: (ctx: Context) => commitDocument(ctx, ctx.step),
  };
}

/** Commits what a writer made, or what a person put in its place; answers what is to be noted of it. */
export async function commitDocument(ctx: Context, owner: StepRecord): Promise<string | undefined> {
  const { kind, summary = '', edited } = owner;
  const writer = WRITERS[kind];
  if (!writer) return undefined;
  const document = edited ? undefined : writer.read(await ctx.output.of(owner));
  if (!document && !edited) return 'Its answer is no such document: nothing was committed.';
  const files = document ? filesOf(writer.folder, document) : textFiles(writer.folder, summary);
  const refused = await ctx.documents.commit(files, `${kind}: ${document?.name ?? 'as a person edited it'}`);
  return refused ? `It could not be committed: ${refused}` : `It is in ${Object.keys(files).join(' and ')}.`;
}
