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
        .values({ hash, text: state.cipher.encrypt(text), kept_at: state.now })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    return hash;
  },

  async read(hash) {
    const row = await state.query((db) =>
      db.selectFrom('texts').select('text').where('hash', '=', hash).executeTakeFirst(),
    );
    // A text that only looks encrypted is the one that its hash names.
    return row && (hashOf(row.text) === hash ? row.text : state.cipher.decrypt(row.text));
  },
});
