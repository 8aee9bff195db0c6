import type { ActionEntry, RunAnswer } from '../../../../workflows/contracts/reading.ts';
import type { Read } from '../../../runs.ts';
import type { Sent } from '../forms/typed.ts';
import type { View } from '../layout.ts';

/** Everything that the page of a run is drawn from. */
export interface RunFacts extends View {
  read: Read;
  log: ActionEntry[];
  /** The actions that the visitor may do. */
  may: (action: string) => boolean;
  /** An action that was refused, with what was typed. */
  refused?: Refused | undefined;
  /** The id of the action that the visitor has just sent. */
  sent?: string | undefined;
  /** Where people reach Temporal's Web UI, with the namespace. */
  webUi?: string | undefined;
  /** Makes the ids of actions, by which a form that is sent twice acts once. */
  newId: () => string;
}

export interface Refused {
  action: string;
  code: string;
  because: string;
  typed: Sent;
}

/** The address of a run's page. */
export const placeOf = ({ workspace = 'default', task, workflowId }: Partial<RunAnswer>): string => {
  const [, ofId, named] = /^run\/([^/]+)\/([^/]+)$/.exec(workflowId ?? '') ?? [];
  return `/runs/${encodeURIComponent(ofId ?? workspace)}/${encodeURIComponent(named ?? task?.id ?? '')}`;
};
