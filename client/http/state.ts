import type { Processes } from '../../activities/adapters/state/leases.ts';
import { State } from '../../activities/adapters/state/state.ts';
import { textCipher } from '../../worker/configuration/encryption.ts';
import { databaseOf } from '../../worker/configuration/shared.ts';
import type { ClientConfig } from '../config.ts';

/** The door takes no leases: whatever it writes is one statement, or one transaction. */
const noLeases: Processes = {
  own: () => Promise.reject(new Error('The HTTP door takes no leases.')),
  isDead: async () => false,
  end: () => undefined,
};

/** The database, for who writes what only the ways in use: deliveries, tokens and answered requests. */
export const stateOf = ({ variables, data, codecKeys = [] }: ClientConfig): State =>
  new State(databaseOf(variables, data), noLeases, textCipher(codecKeys));
