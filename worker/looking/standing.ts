import type { HostedApi, HostedRepository } from '../../activities/adapters/hosted/api.ts';
import { CredentialsRefused, ForgeFailure } from '../../activities/adapters/hosted/failures.ts';

/** How we stand with a forge. `refused`: it refuses our credentials. `unanswered`: it could not be asked. */
export type Standing =
  | {
      is: 'known';
      login: string;
      limit?: { left: number; of: number; until: string } | undefined;
    }
  | { is: 'refused' | 'unanswered'; because: string };

/** Asks a forge who we are, and what is left of its rate limit. */
export async function standingOf(api: Pick<HostedApi, 'me' | 'limit'>): Promise<Standing> {
  const asked = await answered(async () => {
    const { login } = await api.me();
    return { login, limit: await api.limit() };
  });
  if (!('answer' in asked)) return { is: asked.refused ? 'refused' : 'unanswered', because: asked.because };
  const { login, limit } = asked.answer;
  return { is: 'known', login, ...(limit && { limit }) };
}

/** What we may not do in a repository, in sentences. */
export async function missingIn(
  at: () => Promise<{ api: HostedApi; repository: HostedRepository }>,
): Promise<{ repository: HostedRepository; missing: string[] } | { because: string }> {
  const asked = await answered(async () => {
    const { api, repository } = await at();
    return { repository, missing: await api.missing(repository) };
  });
  return 'answer' in asked ? asked.answer : asked;
}

/** An answer, or why the forge gave none. Other failures are thrown. */
export async function answered<T>(
  ask: () => Promise<T>,
): Promise<{ answer: T } | { because: string; refused: boolean }> {
  try {
    return { answer: await ask() };
  } catch (failure) {
    if (!(failure instanceof ForgeFailure)) throw failure;
    return { because: failure.message, refused: failure instanceof CredentialsRefused };
  }
}
