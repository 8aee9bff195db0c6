import { addCents } from '../../../workflows/contracts/cents.ts';
import type { Meter } from '../../ports.ts';
import type { Local } from './opening.ts';

/** Records the cost of each job once, whenever and by whichever worker it is recorded again. */
export const stateMeter = ({ state, ledger }: Pick<Local, 'state' | 'ledger'>): Meter => ({
  async record({ key, at, costCents }) {
    const row = { key, at, month: at.slice(0, 7), cost_cents: costCents };
    const { numInsertedOrUpdatedRows } = await state.query((db) =>
      db
        .insertInto('meter')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst(),
    );
    if (numInsertedOrUpdatedRows) ledger?.note({ effect: 'cost-recorded', key });
  },

  async spent(month) {
    const { cents } = await state.query((db) =>
      db
        .selectFrom('meter')
        .select(({ fn }) => fn.sum<number | null>('cost_cents').as('cents'))
        .where('month', '=', month)
        .executeTakeFirstOrThrow(),
    );
    return addCents(0, cents ?? 0);
  },
});
