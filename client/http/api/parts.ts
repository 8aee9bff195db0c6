import type { State } from '../../../activities/adapters/state/state.ts';
import type { Runs } from '../../runs.ts';
import type { Events } from './events.ts';

/** What the routes of the API need. */
export interface ApiParts {
  runs: Runs;
  state: State;
  events: Events;
}

/** The address of a run, below `/api/v1`. */
export const RUN = '/runs/:workspace/:task';
