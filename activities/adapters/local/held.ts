/** Something of the repository's owner is in the way, and only its owner can move it: asked again later. */
export class Held extends Error {
  override readonly name = 'Held';
}

/** A branch that is not there yet, where the commit it stands at is asked for. */
export const NOTHING = '0'.repeat(40);
