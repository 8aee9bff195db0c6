import { found } from '../../../workflows/contracts/bad-fields.ts';
import type { Called } from '../called.ts';
import { withRuns, workflowIdOf } from '../context.ts';
import { Usage } from '../exit-codes.ts';
import { follow, storySettingsOf } from '../following.ts';

export async function watch({ args: [run], options: { until }, json }: Called<[string], { until?: string }>) {
  if (until !== undefined && until !== 'parked') throw new Usage(`--until: expected parked, found ${found(until)}`);
  return withRuns(async ({ runs, config }) =>
    follow({ runs, config: await storySettingsOf(config), workflowId: workflowIdOf(run), json, until }),
  );
}
