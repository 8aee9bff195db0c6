import type { Blueprint, Specification } from '../documents.ts';
import type { None } from './parts.ts';

export interface DocumentFacts {
  blueprintAsked: None;
  blueprintDocument: { blueprint: Blueprint };
  committedIn: { files: readonly string[] };
  documentCommit: { role: string; name?: string | undefined };
  documentNotCommitted: { because: string };
  notADocument: None;
  specificationAsked: None;
  specificationDocument: { specification: Specification };
}
