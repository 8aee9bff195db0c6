import { createHash } from 'node:crypto';
import type { RowState } from '../../../../workflows/contracts/run/row.ts';
import { commitStatus, pullRequestComment } from '../../../../workflows/words/views/pull-request.ts';
import type { HostedApi, HostedRepository } from '../api.ts';
import { MARKER_MS, markerIn, markerLine } from './marker.ts';
import type { PullRequestRows, Refused, Shown } from './rows.ts';

/** A run is shown this often at most, in milliseconds, because its details may change every second. */
const SHOWN_EVERY_MS = 5_000;

/** The name of our commit status. */
export const CONTEXT = 'gatehouse';

/** Whose pull requests have our comment: only those that we made, all, or none. */
export type CommentOn = 'ours' | 'all' | 'off';

export interface Showing {
  api: HostedApi;
  repository: HostedRepository;
  rows: PullRequestRows;
  comment: CommentOn;
  installation: string;
  /** Whether we made a pull request, by its address, as far as it is known. */
  ours: Map<string, boolean>;
  /** The address of a run's page, if there is one. */
  pageOf(run: RowState): string | undefined;
}

/**
 * Shows on its pull request where a run stands: our commit status, and one comment that is edited in place. What is shown
 * already is not sent again, so that a repeat after a lost answer costs nothing else. Returns what is shown now.
 */
export async function show(
  showing: Showing,
  run: RowState,
  before: Shown | undefined,
  now = Date.now(),
): Promise<Shown> {
  const { rows, comment } = showing;
  const shown: Shown = {
    ...(before ?? NOTHING),
    workflow_id: run.workflowId,
    run_id: run.runId,
    seq: run.order.seq,
    due_at: now + SHOWN_EVERY_MS,
  };
  if (run.pullRequest === undefined || comment === 'off') return shown;
  if (comment === 'ours' && !(await isOurs(showing, run.pullRequest))) return shown;
  shown.status = await statusShown(showing, run, shown);
  const refused = shown.refused === null || run.end ? undefined : rows.refusedOf(shown);
  return { ...shown, ...(await commentShown(showing, run, { shown, refused, now })) };
}

const NOTHING = {
  renewed_at: 0,
  head: null,
  status: null,
  comment_id: null,
  comment: null,
  refused: null,
} satisfies Partial<Shown>;

async function isOurs({ api, repository, ours }: Showing, number: number): Promise<boolean> {
  const place = `${repository.canonical}#${number}`;
  const known = ours.get(place);
  if (known !== undefined) return known;
  const [me, pullRequest] = await Promise.all([api.me(), api.pullRequest(repository, number)]);
  const is = pullRequest?.author === me.login;
  if (ours.size > 10_000) ours.clear();
  ours.set(place, is);
  return is;
}

async function statusShown({ api, repository, pageOf }: Showing, run: RowState, { status: before }: Shown) {
  const status = commitStatus(run);
  if (!status || run.head === undefined) return before;
  const url = pageOf(run);
  const digest = digestOf({ ...status, url, head: run.head });
  if (digest === before) return before;
  await api.setStatus(repository, run.head, { context: CONTEXT, ...status, ...(url && { url }) });
  return digest;
}

interface Now {
  shown: Shown;
  refused: Refused | undefined;
  now: number;
}

async function commentShown(
  { api, repository, installation, pageOf }: Showing,
  run: RowState,
  { shown, refused, now }: Now,
): Promise<Partial<Shown>> {
  const text = pullRequestComment({ run, page: pageOf(run), refused });
  const live = run.end === undefined;
  const digest = digestOf({ text, live });
  const isRenewed = now - shown.renewed_at < MARKER_MS.renewed || !live;
  if (digest === shown.comment && isRenewed) return {};
  const marker = markerLine({ installation, workflowId: run.workflowId, live, at: new Date(now).toISOString() });
  const body = `${text}\n\n${marker}`;
  const number = run.pullRequest!;
  const known = shown.comment_id ?? (await ownComment(api, repository, number, installation));
  const isEdited = known !== undefined && (await api.editComment(repository, known, body));
  const id = isEdited ? known : (await api.addComment(repository, number, body)).id;
  return { comment_id: id, comment: digest, renewed_at: now, head: run.head ?? null };
}

/** Our comment from before, found by its author and its marker: the answer to making it may have been lost. */
async function ownComment(api: HostedApi, repository: HostedRepository, number: number, installation: string) {
  const me = await api.me();
  const comments = await api.comments(repository, number);
  return comments.find(({ author, body }) => author === me.login && markerIn(body)?.installation === installation)?.id;
}

const digestOf = (shown: object): string => createHash('sha256').update(JSON.stringify(shown)).digest('hex');
