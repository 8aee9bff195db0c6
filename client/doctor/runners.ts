import type { Finding } from '../../workflows/contracts/survey.ts';
import type { ClientConfig } from '../config.ts';
import { runnersOf } from './listed-runners.ts';

const about = 'runners';

/** Reports the workers that are not heard of, and what they had. */
export async function runnersFound(config: ClientConfig): Promise<Finding[]> {
  try {
    const all = await runnersOf(config);
    const gone = all.filter(({ heard }) => !heard);
    if (gone.length === 0) return [{ about, ok: true, detail: `${all.length} heard of` }];
    return gone.map(({ machine, id, lost, notHeardOfSince, running, environments }): Finding => {
      const since = `the worker ${id} on ${machine} is not heard of since ${notHeardOfSince}`;
      const had = running + environments > 0 ? `; it had ${running} jobs and checks, ${environments} previews` : '';
      const then = lost ? 'what it ran is lost, and begins anew elsewhere' : 'what it runs waits for it';
      const ok = lost && had === '';
      return { about, ok, detail: `${since}: ${then}${had}`, mend: `start the worker on ${machine} again` };
    });
  } catch (failure) {
    return [{ about, ok: true, detail: `not known: ${(failure as Error).message}` }];
  }
}
