import { InMemoryMeter, InMemoryReleases, InMemoryTexts, InMemoryTracker } from '../support/in-memory/store.ts';
import { InMemoryEnvironments } from '../support/in-memory/environments.ts';
import { InMemoryExecutor } from '../support/in-memory/executor.ts';
import { InMemoryForge } from '../support/in-memory/forge.ts';
import { InMemoryNotifier } from '../support/in-memory/notifier.ts';
import type { Effect } from '../../activities/ledger.ts';
import type { Ports } from '../../activities/ports.ts';
import { GOOD_OUTPUTS } from '../../client/offline/world.ts';
import type { Job, JobReport } from '../../workflows/contracts/activities.ts';

export const REPOSITORY = '/srv/shop.git';

/** A world that outlives every worker, and a ledger of its effects. */
export function makeWorld(): { ports: Ports; effects: Effect[] } {
  const effects: Effect[] = [];
  const ledger = { note: (effect: Effect) => void effects.push(effect) };
  const forge = new InMemoryForge(REPOSITORY, { 'README.md': 'the shop' }, {}, ledger);
  const work = async ({ role, key, task, change }: Job): Promise<JobReport> => {
    const known = forge.branches.get(change.branch);
    const writes = ['coder', 'fixer'].includes(role);
    if (writes) forge.commit(change.branch, { [`${task.id}.txt`]: key }, { ours: true });
    const head = forge.branches.get(change.branch);
    const output = OUTPUTS[role] ?? GOOD_OUTPUTS[role];
    return {
      is: 'completed',
      summary: `${role} did it`,
      ...(output !== undefined && { output }),
      ...(head && { head }),
      changed: head !== known,
      foreign: [],
    };
  };
  const ports = {
    forge,
    executor: new InMemoryExecutor(work, undefined, ledger),
    environments: new InMemoryEnvironments(undefined, ledger),
    notifier: new InMemoryNotifier(ledger),
    tracker: new InMemoryTracker(ledger),
    meter: new InMemoryMeter(ledger),
    releases: new InMemoryReleases(),
    texts: new InMemoryTexts(),
  };
  return { ports, effects };
}

const OUTPUTS: Record<string, unknown> = {
  'requirements-reviewer': {
    items: ['A', 'B', 'C', 'D'].map((title) => ({ category: 'gap', severity: 'high', title, detail: 'Which?' })),
  },
  merger: { complexity: 0.9, risk: 0.9, impact: 0.9, rationale: 'A person must decide.' },
};
