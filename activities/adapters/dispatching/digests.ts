import type { Message } from '../../ports.ts';
import { personMay } from '../configuration/acting.ts';
import type { Opening } from '../vendor.ts';
import type { NoticedRuns } from './noticed-runs.ts';
import { digestDay } from './quiet.ts';
import type { Box } from './outbox.ts';

interface Parts extends Pick<Opening, 'state' | 'configuration'> {
  runs: NoticedRuns;
  /** The outbox that reaches a person. */
  reach(person: string): { box: Box } | undefined;
}

/** Makes the daily digest of each person who wants one: once, whichever worker is first. */
export class Digests {
  constructor(private readonly parts: Parts) {}

  async make(now = Date.now()): Promise<void> {
    const { configuration, state, reach } = this.parts;
    for (const [person, settings] of Object.entries(configuration().people)) {
      const day = digestDay(settings, now);
      const box = reach(person)?.box;
      if (day === undefined || !box || (await this.isMade(person, day))) continue;
      const message = await this.digestFor(person, day, now);
      // The outbox takes a key once, and the row is written after it: if this worker dies in between, another one repeats it.
      await state.leases.hold(`digest ${person}`, async () => {
        if (await this.isMade(person, day)) return;
        if (message) await box.deliver(message);
        await this.note(person, day, now);
      });
    }
  }

  private async isMade(person: string, day: string): Promise<boolean> {
    const row = await this.parts.state.query((db) =>
      db.selectFrom('digests').select('day').where('person', '=', person).where('day', '=', day).executeTakeFirst(),
    );
    return row !== undefined;
  }

  private async note(person: string, day: string, now: number): Promise<void> {
    await this.parts.state.query((db) =>
      db
        .insertInto('digests')
        .values({ person, day, made_at: now })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  /** Undefined if nothing waits for the person. */
  private async digestFor(person: string, day: string, now: number): Promise<Message | undefined> {
    const { runs, configuration } = this.parts;
    const waiting = await runs.waiting();
    const digest = waiting.filter(({ repository }) => personMay(configuration(), person, { repository }));
    if (digest.length === 0) return undefined;
    const id = `digest/${person}/${day}`;
    const at = new Date(now).toISOString();
    const notice = { id, type: 'decision_required', severity: 'normal', at, text: '' } as const;
    const task = { id: 'digest', title: person, type: 'feature' } as const;
    return { key: id, workflowId: id, task, notice, to: { person }, digest };
  }
}
