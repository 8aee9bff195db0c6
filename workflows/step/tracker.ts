import type { Tracker } from '../gates/capabilities.ts';
import type { StepScope } from './scope.ts';

export const trackerFor = ({ run, step, activities }: StepScope): Tracker => ({
  async file(issue) {
    const { workflowId, input, change } = run.state;
    const where = { workspace: input.workspace, repository: change.repository };
    const filed = await activities.fileIssue({ key: `${workflowId}/${step.id}`, ...where, ...issue });
    return filed.is === 'filed' ? { id: filed.id, ...(filed.url && { url: filed.url }) } : undefined;
  },
});
