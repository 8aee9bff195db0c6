import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseDocument } from 'yaml';
import type { Tracker } from '../../ports.ts';
import { foldersOf, hashOf } from '../files/folders.ts';
import { readText, writeFileAtomically } from '../files/records.ts';
import type { Local } from './opening.ts';

/** Front matter and text, as most Markdown tools write them. */
const PAGE = /^---\n([^]*?)\n---\n([^]*)$/;
const MOST_ISSUES = 10_000;

/**
 * A tracker in one folder of Markdown files per workspace: `PAY-142.md` is the issue PAY-142, whoever wrote it. Everything
 * that we write contains its key in an invisible comment, and nothing is written if that comment is already there.
 */
export const markdownTracker = ({
  root,
  issues,
  ledger,
  state,
}: Pick<Local, 'root' | 'ledger' | 'state'> & { issues?: string | undefined }): Tracker => {
  const home = path.resolve(issues ?? foldersOf(root).issues);
  const folderOf = (workspace: string) => path.join(home, workspace);
  const locked = <T>(workspace: string, work: () => Promise<T>) =>
    state.leases.hold(`issues ${folderOf(workspace)}`, work);

  return {
    file: ({ key, workspace, title, body }) =>
      locked(workspace, async () => {
        const folder = folderOf(workspace);
        await mkdir(folder, { recursive: true });
        const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).slice(0, MOST_ISSUES);
        const mark = markOf(key);
        for (const name of names) {
          if ((await readFile(path.join(folder, name), 'utf8')).includes(mark)) return filed(folder, name.slice(0, -3));
        }
        const last = Math.max(0, ...names.map((name) => Number(/^ISSUE-(\d+)\.md$/.exec(name)?.[1] ?? 0)));
        const id = `ISSUE-${last + 1}`;
        await writeFileAtomically(
          path.join(folder, `${id}.md`),
          page({ title, state: 'open' }, `${body}\n\n${mark}\n`),
        );
        ledger?.note({ effect: 'issue-filed', key });
        return filed(folder, id);
      }),

    tell: ({ key, workspace, issue, text, resolve }) =>
      locked(workspace, async () => {
        const file = path.join(folderOf(workspace), `${issue}.md`);
        const known = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(issue) ? await readText(file) : undefined;
        if (known === undefined) return false;
        const mark = markOf(key);
        if (known.includes(mark)) return true;
        const reported = `${known.trimEnd()}\n\n## gatehouse, ${new Date().toISOString()}\n\n${text}\n\n${mark}\n`;
        await writeFileAtomically(file, resolve ? closed(reported) : reported);
        ledger?.note({ effect: 'issue-told', key });
        return true;
      }),
  };
};

/** The invisible comment of a key. It contains a hash, because a key may contain characters that end the comment. */
const markOf = (key: string): string => `<!-- gatehouse: ${hashOf(key).slice(0, 24)} -->`;

const filed = (folder: string, id: string) => ({ id, url: `file://${path.join(folder, `${id}.md`)}` });

const page = (about: Record<string, string>, text: string): string =>
  `---\n${Object.entries(about)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join('\n')}\n---\n${text}`;

/** Sets the state of an issue. The rest of the front matter stays as people wrote it. */
function closed(text: string): string {
  const [, front = '', body = text] = PAGE.exec(text) ?? [];
  const about = parseDocument(front || '{}');
  if (about.errors.length > 0) return text;
  about.set('state', 'closed');
  return `---\n${front === '' ? 'state: closed' : about.toString().trimEnd()}\n---\n${body}`;
}
