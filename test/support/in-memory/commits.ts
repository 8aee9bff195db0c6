import { createHash } from 'node:crypto';

export type Files = Readonly<Record<string, string>>;
export interface Commit {
  parents: readonly string[];
  files: Files;
  author: string;
}

/** Commits as git has them, as far as a forge needs: ids by content, ancestry, three-way merges by file. */
export class Commits {
  private readonly all = new Map<string, Commit>();

  add(commit: Commit): string {
    const id = createHash('sha1').update(JSON.stringify(commit)).update(String(this.all.size)).digest('hex');
    this.all.set(id, commit);
    return id;
  }

  has = (id: string): boolean => this.all.has(id);
  filesOf = (id: string): Files => this.at(id).files;
  authorOf = (id: string): string => this.at(id).author;

  /** A commit and all of its ancestors. */
  ancestors(id: string): Set<string> {
    const seen = new Set<string>();
    for (const due = [id]; due.length > 0;) {
      const next = due.pop()!;
      if (seen.has(next)) continue;
      seen.add(next);
      due.push(...this.at(next).parents);
    }
    return seen;
  }

  isAncestor = (older: string, newer: string): boolean => this.ancestors(newer).has(older);

  /** Merges two commits file by file over their nearest common ancestor. */
  merge(ours: string, theirs: string): { files: Files } | { conflicts: string[] } {
    const base = this.filesOf(this.commonAncestor(ours, theirs));
    const [a, b] = [this.filesOf(ours), this.filesOf(theirs)];
    const names = new Set([...Object.keys(base), ...Object.keys(a), ...Object.keys(b)]);
    const conflicts = [...names].filter(
      (name) => a[name] !== b[name] && a[name] !== base[name] && b[name] !== base[name],
    );
    if (conflicts.length > 0) return { conflicts };
    const merged = [...names].map((name) => [name, a[name] === base[name] ? b[name] : a[name]] as const);
    return { files: Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== undefined)) };
  }

  private commonAncestor(ours: string, theirs: string): string {
    const known = this.ancestors(ours);
    for (let due = [theirs]; due.length > 0; due = due.flatMap((id) => this.at(id).parents)) {
      const found = due.find((id) => known.has(id));
      if (found) return found;
    }
    throw new Error('The commits have nothing in common.');
  }

  private at(id: string): Commit {
    const commit = this.all.get(id);
    if (!commit) throw new Error(`There is no commit ${id}.`);
    return commit;
  }
}
