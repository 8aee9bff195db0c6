import type { Change } from '../../../../workflows/contracts/change.ts';
import { atForge } from '../changes/pull-requests.ts';
import type { Parts } from '../parts.ts';

/** Has red checks run again: the forge's where it can run them alone, and our own commands. */
export async function rerunFailed(
  parts: Parts,
  before: Change,
  { head, names }: { head: string; names: readonly string[] },
): Promise<string[]> {
  const { api, runs } = parts;
  const { repository, change } = await atForge(parts, before);
  const red = (await api.checks(repository, head)).filter(
    ({ name, state }) => names.includes(name) && (state === 'red' || state === 'again'),
  );
  const theirs = red.length > 0 ? await api.rerun(repository, head, red) : [];
  const own = names.map((name) => [name, name.replace(/^gatehouse\//, '')] as const);
  const ours = await runs.rerun(
    change,
    head,
    own.flatMap(([name, short]) => (theirs.includes(name) ? [] : [short])),
  );
  return [
    ...theirs,
    ...own.filter(([name, short]) => !theirs.includes(name) && ours.includes(short)).map(([name]) => name),
  ];
}
