import type { FastifyRequest } from 'fastify';
import { rowIn } from '../../../activities/adapters/state/run-values.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { NotFound } from '../../errors.ts';
import type { Runs } from '../../runs.ts';
import { callerOf } from '../access/arriving.ts';
import { forbids, isBound, type About, type Caller } from '../access/permissions.ts';
import { mayCall, parse, Place } from './answering.ts';

export interface Looking {
  state: State;
  runs: Pick<Runs, 'read'>;
}

/** The run that an address names, if the caller may see it. To those who may not see its repository, there is no such run. */
export async function seenAt(request: FastifyRequest, looking: Looking): Promise<string> {
  const { workspace, task } = parse(Place, request.params);
  const caller = mayCall(request, 'see', { workspace });
  const workflowId = runIdOf(workspace, task);
  if (forbids(caller, 'see', await aboutOf(looking, caller, workflowId)) !== undefined)
    throw new NotFound(`${workflowId}: there is no such run.`);
  return workflowId;
}

/** What of a run decides whether a caller may do something: nothing, unless their rights end at repositories or bases. */
export async function aboutOf({ state, runs }: Looking, caller: Caller, workflowId: string): Promise<About> {
  if (!isBound(caller)) return {};
  const row = await state.query((db) =>
    db.selectFrom('runs').select('state').where('workflow_id', '=', workflowId).executeTakeFirst(),
  );
  const { repository = '', base = '' } =
    (row ? rowIn(row.state, state.cipher) : (await runs.read(workflowId)).run.change) ?? {};
  return { repository, base };
}

/** Which runs the caller sees in lists and streams, by repository and base. */
export function sightOf(request: FastifyRequest): (run: About) => boolean {
  const caller = callerOf(request);
  return isBound(caller)
    ? ({ repository = '', base = '' }) => forbids(caller, 'see', { repository, base }) === undefined
    : () => true;
}
