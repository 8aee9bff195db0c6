import type { FastifyRequest } from 'fastify';
import type { State } from '../../../activities/adapters/state/state.ts';
import type { Runs } from '../../runs.ts';
import type { PageAccess, Visitor } from './access.ts';
import type { RunFacts } from './run/facts.ts';

/** What may be read of a run besides its answer, where it can be read. */
export interface DetailReading {
  diff?: (workflowId: string) => Promise<{ text: string; truncated: boolean }>;
  log?: (
    workflowId: string,
    at: { step: number; attempt: number; offset?: number },
  ) => Promise<{ text: string; offset: number; ended: boolean }>;
}

export interface PageParts {
  runs: Runs & DetailReading;
  state: State;
  access: PageAccess;
  /** Where people reach Temporal's Web UI, with the namespace. */
  webUi?: string | undefined;
}

/** Not part of the API that `/openapi.json` describes. */
export const HIDDEN = { schema: { hide: true } };
export const RUN = '/runs/:workspace/:task';

/** Reads everything that the page of a run is drawn from. */
export type FactsOf = (request: FastifyRequest, visitor: Visitor) => Promise<RunFacts>;
