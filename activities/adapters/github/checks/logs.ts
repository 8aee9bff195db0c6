import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import type { HostedCheck, HostedRepository } from '../../hosted/api.ts';
import { permitted, type Calls } from '../calling/calls.ts';
import { jobsOf } from './checks.ts';
import { NEEDS } from '../calling/permissions.ts';
import { Annotation, CheckRun, type Job } from '../calling/schemas.ts';

/** How much of a log a fixer gets, and of it at most for annotations, in characters. */
const MOST = { all: 12_000, annotations: 3_000 };
/** Each line of a job's log begins with its time. */
const TIMED = /^\uFEFF?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?/;
/** Annotations of GitHub Actions that are about no file have this path. They repeat the end of the log. */
const NO_FILE = '.github';

/** The end of a red check's log, or its summary, and its annotations. Undefined: it has none of these. */
export async function logOf(
  calls: Calls,
  repository: HostedRepository,
  check: HostedCheck,
): Promise<string | undefined> {
  const { kind, id, job, run } = check.from;
  if (kind === 'status') return check.summary;
  // A run that could not start has no check run.
  if (id === run) return undefined;
  const log = job === undefined ? undefined : await jobLog(calls, repository, job, run);
  const { output, annotations } = await outputOf(calls, repository, id);
  const notes = textOf(annotations)?.slice(0, MOST.annotations);
  const text = textOf(log ?? '') ?? textOf(output);
  if (notes === undefined) return text?.slice(-MOST.all);
  return text === undefined ? notes : `${notes}\n\n${text.slice(-(MOST.all - notes.length - 2))}`;
}

/** The log of a job of GitHub Actions: of its failed step, if that can be told. */
async function jobLog(
  calls: Calls,
  repository: HostedRepository,
  job: number,
  run: number | undefined,
): Promise<string | undefined> {
  const { owner, name } = repository;
  const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/actions/jobs/${job}/logs`;
  const text = await permitted(calls.text(path, { at: { owner, name }, needs: NEEDS.actions }));
  if (text === undefined) return undefined;
  const jobs = run === undefined ? [] : await jobsOf(calls, repository, run);
  return ofFailedStep(text, jobs.find(({ id }) => id === job)?.steps ?? []);
}

/** The lines of the first failed step, without their times. Steps begin and end at whole seconds. */
export function ofFailedStep(text: string, steps: NonNullable<Job['steps']>): string {
  const failed = steps.find(({ conclusion }) => conclusion === 'failure' || conclusion === 'timed_out');
  const from = Date.parse(failed?.started_at ?? '');
  const to = Date.parse(failed?.completed_at ?? '') + 1_000;
  let at = Number.NEGATIVE_INFINITY;
  const lines = text.split(/\r?\n/).map((line) => {
    const time = TIMED.exec(line);
    if (time) at = Date.parse(time[1]!);
    return { at, text: time ? line.slice(time[0].length) : line };
  });
  const own = lines.filter((line) => line.at >= from && line.at < to);
  const said = (own.length > 0 ? own : lines).map((line) => line.text);
  // What follows the last error is cleaning up.
  const end = said.findLastIndex((line) => line.startsWith('##[error]'));
  const until = end < 0 ? said : said.slice(0, end + 1);
  return until.filter((line) => !/^##\[(?:end)?group\]\s*$|^##\[endgroup\]/.test(line)).join('\n');
}

async function outputOf(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  id: number,
): Promise<{ output: string; annotations: string }> {
  const about = { at: { owner, name: repo }, needs: NEEDS.checks };
  const route = 'GET /repos/{owner}/{repo}/check-runs/{check_run_id}';
  const checkRun = await calls.maybe(CheckRun, route, { owner, repo, check_run_id: id }, about);
  if (!checkRun) return { output: '', annotations: '' };
  const { title, summary, text, annotations_count: count } = checkRun.output;
  const output = [title, summary, text].filter(Boolean).join('\n\n');
  if (count === 0) return { output, annotations: '' };
  const list = await calls.maybe(
    z.array(Annotation),
    'GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations',
    { owner, repo, check_run_id: id, per_page: 50 },
    about,
  );
  const notes = (list ?? []).filter(({ path }) => path !== NO_FILE);
  return {
    output,
    annotations: notes.map((each) => `${each.path}:${each.start_line}: ${each.message ?? ''}`).join('\n'),
  };
}

/** Without terminal escapes. Undefined: nothing is left. */
function textOf(text: string): string | undefined {
  const plain = stripVTControlCharacters(text).trim();
  return plain === '' ? undefined : plain;
}
