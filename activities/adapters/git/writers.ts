import { git, type Repository } from './door.ts';

/** A commit, and everybody who had a hand in it. */
export interface Written {
  commit: string;
  author: string;
  email: string;
  /** Names and e-mails of others: who committed it, and whom it names in `Co-authored-by`. */
  others: string[];
}

const FORMAT = ['%H', '%an', '%ae', '%cn', '%ce', '%(trailers:key=Co-authored-by,valueonly,separator=%x1e)'].join(
  '%x1f',
);

/** The commits that `args` of git log name, each with who wrote it. */
export async function writtenIn(where: Repository, args: readonly string[]): Promise<Written[]> {
  const { stdout } = await git(where, ['log', '-z', `--format=${FORMAT}`, ...args]);
  return stdout
    .split('\0')
    .filter(Boolean)
    .map((entry) => {
      const [commit = '', author = '', email = '', committer = '', itsEmail = '', named = ''] = entry.split('\x1f');
      const others = [committer, itsEmail, ...named.split('\x1e').flatMap(partsOf)];
      const told = new Set(others.filter((text) => text !== '' && text !== author && text !== email));
      return { commit, author, email, others: [...told] };
    });
}

/** `Ana Owner <ana@shop.example>` is a name and an e-mail. */
function partsOf(line: string): string[] {
  const [, name = line, email = ''] = /^(.*?)\s*<([^<>]*)>\s*$/.exec(line) ?? [];
  return [name.trim(), email.trim()];
}
