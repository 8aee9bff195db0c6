import { git, type Repository } from './door.ts';

/** A commit and its contributors. */
export interface Written {
  commit: string;
  author: string;
  email: string;
  /** Names and e-mails of its committer and of those in `Co-authored-by`. */
  others: string[];
}

const FORMAT = ['%H', '%an', '%ae', '%cn', '%ce', '%(trailers:key=Co-authored-by,valueonly,separator=%x1e)'].join(
  '%x1f',
);

/** The commits that these arguments of git log select, with their authors. */
export async function writtenIn(where: Repository, args: readonly string[]): Promise<Written[]> {
  const { stdout } = await git(where, ['log', '-z', `--format=${FORMAT}`, ...args]);
  return stdout
    .split('\0')
    .filter(Boolean)
    .map((entry) => {
      const [commit = '', author = '', email = '', committer = '', itsEmail = '', named = ''] = entry.split('\x1f');
      const others = [committer, itsEmail, ...named.split('\x1e').flatMap(partsOf)];
      const reported = new Set(others.filter((text) => text !== '' && text !== author && text !== email));
      return { commit, author, email, others: [...reported] };
    });
}

/** Splits `Ana Owner <ana@shop.example>` into name and e-mail. */
function partsOf(line: string): string[] {
  const [, name = line, email = ''] = /^(.*?)\s*<([^<>]*)>\s*$/.exec(line) ?? [];
  return [name.trim(), email.trim()];
}
