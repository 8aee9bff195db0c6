import type { FastifyRequest } from 'fastify';
import type { State } from '../../../activities/adapters/state/state.ts';
import type { Runs } from '../../runs.ts';
import type { PageAccess, Visitor } from './access.ts';
import type { RunFacts } from './run/facts.ts';

export interface PageParts {
  runs: Runs;
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
