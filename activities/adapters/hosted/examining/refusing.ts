import type { BadField } from '../../../../workflows/contracts/activities.ts';
import { CredentialsRefused, NotThere, PermissionMissing, Refused } from '../failures.ts';
import { pause, type Times } from '../parts.ts';

const PAUSE_MS = 5_000;

/**
 * Asks the forge at the start of a run. What it refuses is a bad field of the input, because no waiting helps. Refused
 * credentials are tried again for a while first: a busy Gitea answers so.
 */
export async function answerOrRefusal<T>(
  times: Times,
  question: () => Promise<T>,
): Promise<{ is: 'answered'; answer: T } | { is: 'refused'; fields: BadField[] }> {
  for (const until = Date.now() + times.credentialsMs; ;) {
    try {
      return { is: 'answered', answer: await question() };
    } catch (failure) {
      const left = until - Date.now();
      if (failure instanceof CredentialsRefused && left > 0) {
        await pause(Math.min(PAUSE_MS, left));
        continue;
      }
      const isFinal = [CredentialsRefused, PermissionMissing, NotThere, Refused].some(
        (kind) => failure instanceof kind,
      );
      if (!isFinal) throw failure;
      const expected = `expected a repository that the forge shows us, found: ${(failure as Error).message}`;
      return { is: 'refused', fields: [{ path: 'change.repository', expected }] };
    }
  }
}
