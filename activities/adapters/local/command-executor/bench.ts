import { z } from 'zod';
import type { Job } from '../../../../workflows/contracts/activities.ts';
import { checkoutAt } from '../../git/checkout.ts';
import { git } from '../../git/door.ts';
import type { Workshop } from '../workshop.ts';

/** What a job was begun on. `merging`: the base commit whose merge stands in its checkout, and the files in conflict. */
export const Begun = z.object({
  before: z.string().optional(),
  start: z.string(),
  merging: z.object({ base: z.string(), files: z.array(z.string()), clean: z.boolean() }).optional(),
});
export type Begun = z.output<typeof Begun>;

/** Makes the checkout in which a job works: of the work branch, or of its base while there is no such branch. */
export async function prepare(workshop: Workshop, { change, mode }: Job, tree: string): Promise<Begun> {
  const before = await workshop.headOf(change.repository, change.branch);
  const base = await workshop.headOf(change.repository, change.base);
  const start = before ?? base;
  if (!start || !base) throw new Error(`${change.base} is not there to begin ${change.branch} from.`);
  await workshop.checkout(change.repository, start, tree, change.branch);
  const begun = { ...(before && { before }), start };
  if (mode !== 'resolve') return begun;

  const here = checkoutAt(tree);
  const { code } = await git(here, ['merge', '--no-commit', '--no-ff', base], { kind: 'checkout', okCodes: [0, 1] });
  const unmerged = await git(here, ['diff', '--name-only', '--diff-filter=U', '-z']);
  const files = unmerged.stdout.split('\0').filter(Boolean);
  return { ...begun, merging: { base, files, clean: code === 0 && files.length === 0 } };
}

/** A job as its agent is told of it: exactly what contract 13 names. */
export function toldOf({ key, role, task, change, brief, priorOutputs, resolvedDecision, revision, environment }: Job) {
  const { basis, ...shown } = change;
  void basis;
  return { key, role, task, change: shown, brief, priorOutputs, resolvedDecision, revision, environment };
}
