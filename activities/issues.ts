import type { Activities } from '../workflows/contracts/activities.ts';
import type { Ports } from './ports.ts';

/** The activities with which a run files issues in the tracker and comments on them. */
export const issueActivities = ({ tracker }: Pick<Ports, 'tracker'>): Pick<Activities, 'fileIssue' | 'tellIssues'> => ({
  async fileIssue(issue) {
    const filed = await tracker.file(issue);
    return filed ? { is: 'filed', ...filed } : { is: 'none' };
  },

  async tellIssues({ issues, key, ...note }) {
    for (const issue of issues) await tracker.tell({ ...note, issue, key: `${key}/${issue}` });
  },
});
