import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Repository } from './door.ts';

const NOTE = 'gatehouse-identity';

/** The author and committer of commits that we make. */
export const Identity = z.object({ name: z.string(), email: z.string() });
export type Identity = z.output<typeof Identity>;

/** Records in our copy who makes our commits of its repository. Undefined: gatehouse. */
export async function noteIdentity({ gitDir }: Repository, identity: Identity | undefined): Promise<void> {
  const file = path.join(gitDir, NOTE);
  const text = identity && JSON.stringify(identity);
  if (text === (await readFile(file, 'utf8').catch(() => undefined))) return;
  if (text === undefined) await rm(file, { force: true });
  else await writeFile(file, text);
}

/** Who makes our commits in this git folder. Undefined: gatehouse. */
export async function identityOf({ gitDir }: Repository): Promise<Identity | undefined> {
  const text = await readFile(path.join(gitDir, NOTE), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Identity.parse(JSON.parse(text));
}

/** The variables by which git makes a commit of ours in this folder. */
export async function signature(where: Repository): Promise<Record<string, string>> {
  const identity = await identityOf(where);
  if (!identity) return {};
  const { name, email } = identity;
  return { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email };
}

const TRAILER = 'Gatehouse-Run';

/** Adds the trailer that names the run for which we make a commit (git-interpret-trailers(1)). */
export function withRun(message: string, workflowId: string | undefined): string {
  const text = message.trimEnd();
  if (workflowId === undefined || new RegExp(`^${TRAILER}: `, 'm').test(text)) return message;
  const [, ...after] = text.split('\n\n');
  const isTrailers =
    after
      .at(-1)
      ?.split('\n')
      .every((line) => /^[A-Za-z][\w-]*: \S/.test(line)) === true;
  return `${text}${isTrailers ? '\n' : '\n\n'}${TRAILER}: ${workflowId}`;
}
