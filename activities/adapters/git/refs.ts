import { git, type Call, type Repository } from './door.ts';

/** The refs of a repository, all read at one time. */
export interface Refs {
  /** Commits by the full names of their refs. */
  at: Map<string, string>;
  /** Refs that exist and cannot be read, as after a crash of the machine. Their commits are unknown. */
  broken: Set<string>;
}

/** Reads the refs with these names, and those below them. */
export async function readRefs(where: Repository, names: readonly string[], call: Call = {}): Promise<Refs> {
  const { stdout, stderr } = await git(where, ['for-each-ref', '--format=%(objectname) %(refname)', ...names], call);
  const lines = stdout.split('\n').filter(Boolean);
  const at = lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))] as const);
  const broken = [...stderr.matchAll(/^warning: ignoring (?:broken ref|ref with broken name|dangling symref) (.+)$/gm)];
  return { at: new Map(at), broken: new Set(broken.map(([, name = '']) => name)) };
}

/** A branch's head. Undefined if there is no such branch. Throws if the ref exists but cannot be read. */
export async function headOf(where: Repository, branch: string, call: Call = {}): Promise<string | undefined> {
  const name = `refs/heads/${branch}`;
  return known(await readRefs(where, [name], call), name);
}

/** The commit of one ref. Undefined if there is no such ref. Throws if it is broken. */
export function known({ at, broken }: Refs, name: string): string | undefined {
  if (broken.has(name)) throw new Error(`The ref ${name} cannot be read: its file is broken.`);
  return at.get(name);
}
