import { z } from 'zod';
import type { HostedRepository } from '../hosted/api.ts';
import { at, type GiteaClient } from './client.ts';

const Entries = z.object({
  tree: z.array(z.object({ path: z.string(), type: z.string(), sha: z.string() })).nullish(),
  truncated: z.boolean().default(false),
  total_count: z.number().default(0),
});
interface Entry {
  path: string;
  type: string;
  sha: string;
}

/** A folder of a commit. Each folder is read once, when it is first asked for. */
export class Tree {
  private entries: Promise<Entry[]> | undefined;
  private readonly folders = new Map<string, Tree>();

  constructor(
    private readonly client: GiteaClient,
    private readonly repository: HostedRepository,
    /** Of the commit or the tree. */
    private readonly sha: string,
  ) {}

  /** Whether it has something at the end of this path, whose last part may end in `*`. */
  async has([first, ...rest]: readonly string[]): Promise<boolean> {
    if (first === undefined) return true;
    this.entries ??= this.read();
    const found = (await this.entries).find(({ path }) => fits(path, first));
    if (!found || rest.length === 0) return found !== undefined;
    if (found.type !== 'tree') return false;
    const folder = this.folders.get(found.sha) ?? new Tree(this.client, this.repository, found.sha);
    this.folders.set(found.sha, folder);
    return folder.has(rest);
  }

  private async read(): Promise<Entry[]> {
    const all: Entry[] = [];
    for (let page = 1; ; page++) {
      const where = `${at(this.repository)}/git/trees/${this.sha}?per_page=1000&page=${page}`;
      const { tree, truncated } = await this.client.json(Entries, 'GET', where);
      all.push(...(tree ?? []));
      if (!truncated || (tree ?? []).length === 0) return all;
    }
  }
}

const fits = (name: string, wanted: string) =>
  wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
