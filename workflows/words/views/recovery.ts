import type { LostRun, Recovered, RecoveryReport } from '../../contracts/run/recovery.ts';

/** What a recovery has done so far, for the Web UI and the command line. */
export const recoveryText = ({ dryRun, lost, done, refused }: RecoveryReport): string =>
  [
    lost.length === 0
      ? 'No run is lost: the server knows every run that was live.'
      : `${runs(lost.length)} lost: live by the database, and unknown to the server.`,
    ...(dryRun ? lost.map(wouldBe) : []),
    ...lost.filter(({ because }) => !dryRun && because !== undefined).map(wouldBe),
    ...done.map(became),
    ...refused.map(({ workflowId, because }) => `${workflowId}: not started anew: ${because}`),
  ].join('\n');

export const recoveryDetails = (report: RecoveryReport): string =>
  recoveryText({
    ...report,
    done: report.done.slice(-50),
    lost: report.dryRun ? report.lost.slice(0, 50) : report.lost,
  });

const runs = (count: number): string => (count === 1 ? 'One run is' : `${count} runs are`);

const wouldBe = ({ workflowId, step, status, since, because }: LostRun): string => {
  if (because !== undefined) return `${workflowId}: cannot be started anew: ${because}`;
  const where = step ? `at step ${step.step}, ${step.kind}` : 'from its first step';
  return `${workflowId}: would be started anew ${where} (${status} since ${since})`;
};

const became = ({ workflowId, is, ended = 0, because }: Recovered): string => {
  const before =
    ended > 0
      ? `, after ${ended} ${ended === 1 ? 'thing' : 'things'} of it that ran on ${ended === 1 ? 'was' : 'were'} ended`
      : '';
  switch (is) {
    case 'started':
      return `${workflowId}: started anew${before}`;
    case 'merged':
      return `${workflowId}: started anew; it was merged meanwhile${before}`;
    case 'failed':
      return `${workflowId}: not started anew: ${because ?? 'unknown'}`;
  }
};

// Why a run is not started anew

export const stillThere = () => 'the server still has it';
export const noRow = () => 'the database knows no run of that name that was live';
export const noRecord = () => 'the database has no start input of it, because it was lost as it began. Start it again.';
export const lostReason = () => 'The Temporal server has lost this run with all its data.';
