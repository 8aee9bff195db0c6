/** Something of the repository's owner is in the way, and only its owner can move it: asked again later. */
export class BlockedByOwner extends Error {
  override readonly name = 'BlockedByOwner';
}
