import type { State } from '../../state/state.ts';
import type { KeepBundle } from './bundles.ts';
import type { ChangeStore } from './change-store.ts';

/** Keeps commits that could not be published in the database, for the run that has their branch. */
export const keepBundlesIn =
  (state: State, store: Pick<ChangeStore, 'read'>): KeepBundle =>
  async ({ repository, branch, commit, bytes }) => {
    const { holder } = await store.read({ repository, branch, base: '' });
    if (!holder) return `No run has ${branch} any more, so its commits are not kept.`;
    const { workflowId: workflow_id } = holder;
    const bundle = state.cipher.encrypt(Buffer.from(bytes).toString('base64'));
    const row = { workflow_id, repository, branch, commit, bundle, kept_at: state.now };
    await state.query((db) =>
      db
        .insertInto('bundles')
        .values(row)
        .onConflict((conflict) => conflict.columns(['workflow_id', 'commit']).doUpdateSet({ kept_at: state.now }))
        .execute(),
    );
    return `Its commits are kept: gatehouse bundle ${workflow_id} writes them into a file.`;
  };
