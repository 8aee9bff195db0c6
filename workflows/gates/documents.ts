import type { Fact, Text } from '../contracts/facts.ts';
import type { StepRecord } from '../contracts/run/state.ts';
import { filesOf, readBlueprint, readSpecification, textFiles, type Document } from '../rules/documents.ts';
import type { GateContext } from './gate.ts';

type Context = GateContext<unknown, 'documents' | 'output'>;

interface Writer {
  folder: string;
  asks: Text;
  read: (output: unknown) => Document | undefined;
}

/** Agents that only read, and answer with a document that we commit. */
const WRITERS: Readonly<Record<string, Writer>> = {
  'spec-writer': {
    folder: 'spec',
    asks: { fact: 'specificationAsked' },
    read: readSpecification,
  },
  blueprints: {
    folder: 'blueprints',
    asks: { fact: 'blueprintAsked' },
    read: readBlueprint,
  },
};

/**
 * How a writer is asked, shown and settled. People review and approve the document itself, never what the agent writes
 * beside it. An answer that is no document is stored as it is, and nothing is committed.
 */
export function writerOf(kind: 'spec-writer' | 'blueprints') {
  const { asks, read } = WRITERS[kind]!;
  return {
    asks,
    shows(end: { summary: string; output?: unknown }): { summary: Text; output?: unknown } {
      const document = read(end.output);
      return document ? { summary: document.shown, output: document.data } : end;
    },
    effect: (ctx: Context) => commitDocument(ctx, ctx.step),
  };
}

/** Commits what a writer made, or what a person put in its place. Returns a note about it. */
export async function commitDocument(ctx: Context, owner: StepRecord): Promise<Fact | undefined> {
  const { kind, summary = '', edited } = owner;
  const writer = WRITERS[kind];
  if (!writer) return undefined;
  const document = edited ? undefined : writer.read(await ctx.output.of(owner));
  if (!document && !edited) return { fact: 'notADocument' };
  const files = document
    ? filesOf(writer.folder, document.name, ctx.inWords(document.shown), document.data)
    : textFiles(writer.folder, summary);
  const refusal = await ctx.documents.commit(files, { fact: 'documentCommit', role: kind, name: document?.name });
  return refusal
    ? { fact: 'documentNotCommitted', because: refusal }
    : { fact: 'committedIn', files: Object.keys(files) };
}
