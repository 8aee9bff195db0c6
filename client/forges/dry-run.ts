import { badFields } from '../../workflows/contracts/bad-fields.ts';
import type { BadField } from '../../workflows/contracts/activities.ts';
import { needsOf, rolesOf, RunInput } from '../../workflows/gates/index.ts';
import { lookAtChange, type Seen } from '../../worker/looking/change.ts';
import { openToLook, type LookingConfig } from '../../worker/looking/opening.ts';
import { InvalidInput } from '../errors.ts';
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
export async function dryRun(config: LookingConfig, wish: Record<string, unknown>): Promise<DryRun> {
  const { task, ...rest } = wish;
  const whole = { pipeline: PIPELINE, ...rest, task: { id: 'dry-run', title: 'A dry run', ...(task as object) } };
  const { data: input, error } = RunInput.safeParse(whole);
  if (!input) throw new InvalidInput(badFields(error, whole));
  const pipeline = input.pipeline.name;
  const given = wish['policy'] as Record<string, unknown> | undefined;
  const world = await openToLook(config);
  try {
    const roles = rolesOf(input.pipeline);
    const look = await lookAtChange(world, { input, roles, needs: needsOf(input.pipeline), ...(given && { given }) });
    if (look.is === 'refused') return { pipeline, ...look };
    const steps = stepsSeen(look, input.pipeline.steps);
    const { agents, ...seen } = look;
    void agents;
    return { pipeline, ...seen, steps, waitsAt: firstWait(steps)?.step ?? null };
  } finally {
    await world.close();
  }
}
