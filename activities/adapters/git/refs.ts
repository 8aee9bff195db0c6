import { git, type Call, type Repository } from './door.ts';

/** The refs of a repository as they were read at once. */
export interface Refs {
  /** Commits by the refs' whole names. */
  at: Map<string, string>;
  /** Refs that are there and cannot be read, as after a crash of the machine: of these nothing is known. */
  broken: Set<string>;
}

/** Reads the refs below these names, or just them. */
export async function readRefs(where: Repository, names: readonly string[], call: Call = {}): Promise<Refs> {
  const { stdout, stderr } = await git(where, ['for-each-ref', '--format=%(objectname) %(refname)', ...names], call);
  const lines = stdout.split('\n').filter(Boolean);
  const at = lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))] as const);
  const broken = [...stderr.matchAll(/^warning: ignoring (?:broken ref|ref with broken name|dangling symref) (.+)$/gm)];
  return { at: new Map(at), broken: new Set(broken.map(([, name = '']) => name)) };
}

/** A branch's head, or nothing when there is no such branch. A ref that cannot be read is an error: it may be there. */
export async function headOf(where: Repository, branch: string, call: Call = {}): Promise<string | undefined> {
  const name = `refs/heads/${branch}`;
  return known(await readRefs(where, [name], call), name);
}

/** What is read of one ref: its commit, or nothing when there is none. */
export function known({ at, broken }: Refs, name: string): string | undefined {
  if (broken.has(name)) throw new Error(`The ref ${name} cannot be read: its file is broken.`);
  return at.get(name);
}
