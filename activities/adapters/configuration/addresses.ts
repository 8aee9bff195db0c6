import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The form of a repository's address that globs match: an absolute path, or a URL without credentials and `.git`. */
export function addressOf(repository: string): string {
  if (repository.startsWith('file:') && URL.canParse(repository)) return path.resolve(fileURLToPath(repository));
  if (path.isAbsolute(repository)) return path.resolve(repository);
  if (!URL.canParse(repository)) return repository;
  const { protocol, host, pathname } = new URL(repository);
  return `${protocol}//${host}${pathname.replace(/(?:\.git)?\/*$/, '')}`;
}
