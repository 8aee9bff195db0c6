import type { Texts } from '../../ports.ts';
import { hashOf } from '../files/folders.ts';
import type { Local } from './opening.ts';

/** Keeps texts by their hash, so keeping a text again changes nothing. */
export const stateTexts = ({ state }: Pick<Local, 'state'>): Texts => ({
  async keep(text) {
    const hash = hashOf(text);
    await state.query((db) =>
      db
        .insertInto('texts')
        .values({ hash, text, kept_at: state.now })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    return hash;
  },

  async read(hash) {
    const row = await state.query((db) =>
      db.selectFrom('texts').select('text').where('hash', '=', hash).executeTakeFirst(),
    );
    return row?.text;
  },
});
