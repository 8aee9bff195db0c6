import { badFields } from '../../workflows/contracts/bad-fields.ts';
import type { BadField } from '../../workflows/contracts/activities.ts';
import { needsOf, rolesOf, RunInput } from '../../workflows/gates/index.ts';
import { lookAtChange, type Seen } from '../../worker/looking/change.ts';
import { openToLook } from '../../worker/looking/opening.ts';
import type { ClientConfig } from '../config.ts';
import { InvalidInput } from '../errors.ts';
import { ClientRows } from '../rows.ts';
import { firstWait, stepsSeen, type StepSeen } from './steps.ts';

/** The pipeline of a dry run for which nobody has named one. */
const PIPELINE = 'human-review';

/** What a run would do. Nothing was written for it. */
export type DryRun = { pipeline: string } & (
  | { is: 'refused'; refused: BadField[] }
  | ({ is: 'seen'; steps: StepSeen[]; /** The first step that would wait. */ waitsAt: number | null } & Omit<
      Seen,
      'agents'
    >)
);

/** Looks at what a run with this start input would do. A task and a pipeline need not be named. */
export async function dryRun(config: ClientConfig, wish: Record<string, unknown>): Promise<DryRun> {
  const { task, ...rest } = wish;
  const whole = { pipeline: PIPELINE, ...rest, task: { id: 'dry-run', title: 'A dry run', ...(task as object) } };
  const { data: input, error } = RunInput.safeParse(whole);
  if (!input) throw new InvalidInput(badFields(error, whole));
  const pipeline = input.pipeline.name;
  const given = wish['policy'] as Record<string, unknown> | undefined;
  const rows = new ClientRows(config, () => undefined);
  const installation = await rows.ask((each) => each.installation());
  const world = await openToLook(config, installation);
  try {
    const roles = rolesOf(input.pipeline);
    const look = await lookAtChange(world, { input, roles, needs: needsOf(input.pipeline), ...(given && { given }) });
    if (look.is === 'refused') return { pipeline, ...look };
    const steps = stepsSeen(look, input.pipeline.steps);
    const { agents, ...seen } = look;
    void agents;
    const refused = [...look.refused, ...(await takenBy(rows, look))];
    return { pipeline, ...seen, refused, steps, waitsAt: firstWait(steps)?.step ?? null };
  } finally {
    await Promise.all([world.close(), rows.close()]);
  }
}

/** Why the branch is taken: another run works on it. Rows are only read, and a missing database knows of none. */
async function takenBy(rows: ClientRows, { change }: Pick<Seen, 'change'>): Promise<BadField[]> {
  const other = await rows.ask((each) => each.liveOn(change));
  if (other === undefined) return [];
  return [
    {
      path: 'change.branch',
      expected: `expected a branch that no other run uses: ${other} works on ${change.branch}`,
    },
  ];
}
