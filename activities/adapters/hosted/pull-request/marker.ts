import type { Comment } from '../api.ts';

/** How long a marker of a live run counts, in milliseconds, and after which time it is renewed. */
export const MARKER_MS = { counts: 24 * 3_600_000, renewed: 12 * 3_600_000 };

/** The last line of our comment, which people do not see. It says which installation has the pull request. */
export interface Marker {
  installation: string;
  workflowId: string;
  live: boolean;
  /** ISO time. */
  at: string;
}

/** The marker as a line. A workflow id has no hyphens in a row that would end an HTML comment: see `Id`. */
export const markerLine = ({ installation, workflowId, live, at }: Marker): string =>
  `<!-- gatehouse ${installation} ${workflowId.replaceAll('--', '- -')} ${live ? 'live' : 'ended'} ${at} -->`;

/** The marker at the end of a comment. */
export function markerIn(body: string): Marker | undefined {
  const line = body.trimEnd().split(/\r?\n/).at(-1) ?? '';
  const found = /^<!-- gatehouse (\S+) (.+) (live|ended) (\d{4}-\d\d-\d\dT[\d:.]+Z) -->$/.exec(line);
  if (!found) return undefined;
  const [, installation = '', workflowId = '', state, at = ''] = found;
  return { installation, workflowId: workflowId.replaceAll('- -', '--'), live: state === 'live', at };
}

/**
 * Another installation that gates the pull request now. A marker counts only in a comment of an account that may write to the
 * repository, because anybody can write one.
 */
export async function otherInstallation(
  comments: readonly Comment[],
  installation: string,
  mayWrite: (login: string) => Promise<boolean | undefined>,
  now = Date.now(),
): Promise<Marker | undefined> {
  for (const { body, author } of comments) {
    const marker = markerIn(body);
    if (!marker?.live || marker.installation === installation) continue;
    const age = now - Date.parse(marker.at);
    if (age < MARKER_MS.counts && (await mayWrite(author)) === true) return marker;
  }
  return undefined;
}
