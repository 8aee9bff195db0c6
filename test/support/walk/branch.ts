/** The real state of the branch: the author of each commit, and what the run may learn about it. */
export class Branch {
  readonly commits: { id: string; ours: boolean }[] = [];

  get head() {
    return this.commits.at(-1)?.id;
  }
  commit(ours: boolean): string {
    const id = String(this.commits.length + 1).padStart(40, ours ? '0' : 'f');
    this.commits.push({ id, ours });
    return id;
  }
  foreignSince(known: string | undefined) {
    const from = this.commits.findIndex(({ id }) => id === known) + 1;
    return this.commits
      .slice(from)
      .filter(({ ours }) => !ours)
      .map(({ id }) => ({ commit: id, author: 'Bo', email: 'bo@shop.example' }));
  }
  look(known: string | undefined) {
    return { head: this.head, foreign: this.foreignSince(known), state: 'open' as const };
  }
}
