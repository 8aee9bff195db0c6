import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { checkActivities } from '../../../activities/checks.ts';
import type { Forge } from '../../../activities/ports.ts';
import { Cluster } from '../../../client/offline/sandbox/cluster.ts';
import type { World } from '../../../client/offline/sandbox/wire.ts';
import { Script } from '../../../client/offline/script.ts';
import { worldOf } from '../../../client/offline/world.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import { Tape } from './tape.ts';

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
/** The product's default of GATEHOUSE_LOOK_SECONDS. */
const LOOK_MS = 30_000;

const PLACE = { repository: 'acme/shop', base: 'main', branch: 'gatehouse/PAY-142' };

/**
 * Measures in virtual time how many history events a run causes that waits a day for checks. The run uses the sandbox and
 * the real activity, which determines its next attempt. The events are those that a server would write.
 */
export async function checks(book: Book, say: (line: string) => void): Promise<void> {
  say('waiting 24 h for checks, in virtual time');
  const looks = { count: 0 };
  const cluster: Cluster = new Cluster({
    ...worldOf(Script.parse({}), () => cluster, PLACE),
    ...endlessChecks(() => cluster, looks),
  });
  const run = await cluster.start('pipelineRun', 'run/default/PAY-142', {
    task: { id: 'PAY-142', title: 'Show totals with tax' },
    change: { repository: PLACE.repository, base: PLACE.base },
    pipeline: { steps: [{ kind: 'coder' }, { kind: 'ci' }] },
  });
  const tape = new Tape();
  tape.follow(run); // The coder works for the first minute. Later events are the cost of the checks.
  await cluster.advance(MINUTE_MS + DAY_MS);
  if (run.closed || looks.count === 0) throw new Error(`The run did not wait: ${JSON.stringify(run.closed)}`);
  book.add({ id: 'checks-events', ...METRICS['checks-events'] }, { gatehouse: figure([[tape.events]]) });
  book.add({ id: 'checks-looks', ...METRICS['checks-looks'] }, { gatehouse: figure([[looks.count]]) });
}

/** The production activity, retried after the delay that it requests, on a forge with one check that never ends. */
function endlessChecks(cluster: () => Cluster, looks: { count: number }): World {
  const look = async (_: unknown, known: string) => ({ state: 'open', head: known, baseHead: known, foreign: [] });
  const forge = { look, checks: async () => ({ ended: [], running: ['e2e'], none: false }) } as unknown as Forge;
  const { settledChecks } = checkActivities({ forge }, { lookMs: LOOK_MS });
  return {
    async settledChecks(question) {
      for (let attempt = 1; ; attempt += 1) {
        looks.count += 1;
        const failure = await new MockActivityEnvironment({ attempt }).run(settledChecks, question).then(
          () => undefined,
          (thrown: ApplicationFailure) => thrown,
        );
        if (failure === undefined) throw new Error('Checks that never end have ended.');
        await cluster().wait(Number(failure.nextRetryDelay));
      }
    },
  };
}
