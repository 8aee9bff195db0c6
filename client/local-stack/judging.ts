import { execa } from 'execa';
import type { Runs } from '../runs.ts';

interface Played {
  runs: Runs;
  workflowId: string;
  /** The sample's repository. */
  shop: string;
  /** The exit code for the run's end. */
  code: number;
  /** The preset that played. Undefined: a script did. */
  agent: string | undefined;
}

/** The roles of the story. A real agent may make no mistake that a helper must fix. */
const ROLES = ['coder', 'reviewer', 'merger'];
const HELPERS = ['fixer', 'conflict-resolver', 'ci-fixer'];

/** Returns every deviation from the expected result, in the run and in the repository. */
export async function differences({ runs, workflowId, shop, code, agent }: Played): Promise<string[]> {
  const wrong: string[] = [];
  const must = (held: boolean, otherwise: string) => void (held || wrong.push(otherwise));
  const end = await runs.ended(workflowId);
  const run = await runs.run(workflowId);
  must(code === 0 && end?.is === 'done' && end.result.outcome === 'merged', 'the run did not end merged');
  const jobs = run.steps.flatMap(({ attempts }) =>
    attempts.filter(({ outcome }) => outcome === 'completed').map(({ role }) => role),
  );
  const isScripted = agent === undefined;
  for (const role of isScripted ? [...ROLES, ...HELPERS] : ROLES) {
    must(jobs.includes(role), `no ${role} completed a job`);
  }
  const sentBack = jobs.filter((role) => role === 'coder').length === 2;
  must(sentBack || !isScripted, 'the review did not send the coder back once');
  must(run.environment?.status === 'gone', 'the environment is not gone');

  const git = async (...args: string[]) => (await execa('git', args, { cwd: shop })).stdout;
  const merge = end?.is === 'done' ? end.result.mergeCommit : undefined;
  must((await git('rev-parse', 'main')) === merge, 'main does not end with the merge commit');
  must((await git('show', '-s', '--format=%P', 'main')).split(' ').length === 2, 'the merge is not a merge commit');
  const totals = await git('show', 'main:lib/totals.js');
  must(!isScripted || totals.includes("['To pay', netOf(items) + taxOf(items)]"), 'main lacks the fixed total');
  must((await git('branch', '--list', 'gatehouse/*')) === '', 'the work branch is still there');
  return wrong;
}
