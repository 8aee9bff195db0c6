import { readdirSync } from 'node:fs';
import { inWords } from '../../../workflows/words/index.ts';

const folder = new URL('../../../workflows/words/', import.meta.url);

it('a string stays as it is', () => {
  expect(inWords('Somebody wrote this.')).toBe('Somebody wrote this.');
});

it('no two files export the same name', async () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'index.ts');
  const names = await Promise.all(
    files.map(async (name) => Object.keys((await import(`${folder.href}${name}`)) as object)),
  );
  const all = names.flat();
  expect(all.filter((name, at) => all.indexOf(name) !== at)).toEqual([]);
});
