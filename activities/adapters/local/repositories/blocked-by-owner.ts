/** Work of the repository's owner is in the way, and only the owner can move it. The call is retried later. */
export class BlockedByOwner extends Error {
  override readonly name = 'BlockedByOwner';
}
