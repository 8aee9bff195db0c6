import { badFields, fieldsMessage } from '../../../../workflows/contracts/bad-fields.ts';
import { actions, type ActionName } from '../../../../workflows/contracts/messages.ts';
import type { RowState } from '../../../../workflows/contracts/run/row.ts';
import type { Comment, HostedApi, HostedRepository } from '../api.ts';
import { commandOf } from './command.ts';
import type { Noticed, PullRequestRows } from './rows.ts';

/** How long to wait before a run's log is read again, in milliseconds: at first, and at most. */
const AGAIN_MS = { first: 500, most: 30_000 };

export interface Commands {
  api: HostedApi;
  repository: HostedRepository;
  rows: PullRequestRows;
  /** The live runs on hosted repositories. */
  live: readonly RowState[];
  /** The name under which the configuration file knows an account, if it does. */
  personOf(login: string): string | undefined;
  /** Why an account may not do this to a run, with the role that forbids it. Undefined: it may. */
  forbids(login: string, action: ActionName, run: Pick<RowState, 'repository' | 'base'>): string | undefined;
  /** Sends an action to a run as a signal. Rejects if it was not accepted; with `NotThere` if there is no such run. */
  signal(workflowId: string, action: ActionName, input: Record<string, unknown>): Promise<'sent' | 'gone'>;
}

type Answer = { is: 'none' } | { is: 'taken' } | { is: 'refused'; because: string };

/**
 * Handles one comment: reads it at the forge, sends its command to the run of the pull request, and answers with a reaction
 * once the run's log says what became of it. A repeat after a crash sends the same action id, which the run takes once.
 */
export async function handleComment(
  commands: Commands,
  noticed: Noticed & { said: string | undefined },
  now = Date.now(),
): Promise<void> {
  const { rows, live } = commands;
  const answer =
    noticed.workflow_id === null ? await ask(commands, noticed, now) : await verdict(commands, noticed, live);
  if (answer === undefined) {
    const since = now - (noticed.sent_at ?? now);
    await rows.update(noticed, { due_at: now + Math.min(AGAIN_MS.most, Math.max(AGAIN_MS.first, since)) });
    return;
  }
  await conclude(commands, noticed, answer);
}

/** Sends the command. Undefined: it was sent, and its verdict is to come. */
async function ask(
  commands: Commands,
  noticed: Noticed & { said: string | undefined },
  now: number,
): Promise<Answer | undefined> {
  const { api, repository, rows, live, personOf, forbids, signal } = commands;
  const comment = await api.comment(repository, noticed.id);
  if (!comment || isChanged(comment, noticed.said)) return { is: 'none' };
  const command = commandOf(comment.body);
  if (!command || comment.bot || comment.author === (await api.me()).login) return { is: 'none' };
  if (command.is === 'unknown') return { is: 'refused', because: `There is no command ${command.word}.` };
  const may = await api.mayWrite(repository, comment.author);
  if (may !== true) return { is: 'refused', because: may === undefined ? UNKNOWN : FOREIGN };

  const run = live.find((each) => each.repository === noticed.repository && each.pullRequest === noticed.number);
  if (!run) return { is: 'refused', because: 'No live run has this pull request.' };
  const forbidden = forbids(comment.author, command.action, run);
  if (forbidden !== undefined) return { is: 'refused', because: forbidden };
  const head = (await rows.shown(run.workflowId))?.head;
  const input = {
    ...command.fields,
    actionId: actionIdOf(comment),
    by: personOf(comment.author) ?? `${api.vendor.toLowerCase()}:${comment.author}`,
    via: 'pull-request',
    ...(head && { head }),
  };
  const bad = badInput(command.action, input);
  if (bad) return { is: 'refused', because: bad };
  if ((await signal(run.workflowId, command.action, input)) === 'gone') return { is: 'refused', because: ENDED };
  await rows.update(noticed, { workflow_id: run.workflowId, sent_at: now });
  return undefined;
}

const UNKNOWN = 'We may not ask the forge whether you may write to this repository.';
const FOREIGN = 'Only people who may write to this repository can do this.';
const ENDED = 'The run has ended.';

export const actionIdOf = ({ id }: Pick<Comment, 'id'>): string => `comment:${id}`;

/** Whether a comment is no longer as its author first wrote it. */
const isChanged = ({ body, createdAt, updatedAt }: Comment, said: string | undefined): boolean =>
  Date.parse(createdAt) !== Date.parse(updatedAt) || (said !== undefined && said !== body);

function badInput(action: ActionName, { via, ...input }: Record<string, unknown>): string | undefined {
  void via; // the front end's own
  const { error } = actions[action].input.safeParse(input);
  return error && fieldsMessage(badFields(error, input));
}

async function verdict(
  { rows }: Commands,
  { workflow_id, id }: Noticed,
  live: readonly RowState[],
): Promise<Answer | undefined> {
  const entry = await rows.verdictOf(workflow_id!, actionIdOf({ id }));
  if (entry?.verdict === 'taken') return { is: 'taken' };
  if (entry) return { is: 'refused', because: entry.because };
  return live.some(({ workflowId }) => workflowId === workflow_id) ? undefined : { is: 'refused', because: ENDED };
}

async function conclude({ api, repository, rows }: Commands, noticed: Noticed, answer: Answer): Promise<void> {
  if (answer.is !== 'none') await api.react(repository, noticed.id, answer.is === 'taken' ? '+1' : 'confused');
  const because = answer.is === 'refused' ? answer.because : undefined;
  if (because !== undefined) {
    const comment = await api.comment(repository, noticed.id);
    const run = await rows.runOf(noticed);
    const command = (comment?.body ?? '').split('\n', 1)[0]!.slice(0, 200);
    if (run !== undefined) await rows.refuse(run, { by: comment?.author ?? '', command, because });
  }
  await rows.update(noticed, {
    answer: answer.is,
    body: null,
    ...(because !== undefined && { because: rows.encrypted(because) }),
  });
}
