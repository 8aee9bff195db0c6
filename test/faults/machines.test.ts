import { overlaps } from './machines/judging.ts';

const lines = (...all: [at: number, word: string, work: string, process: string][]) =>
  all.map((line) => `${line.join(' ')}\n`).join('');

it.each([
  ['a job that begins anew after its end', 'job:run/a/coder-1', 'job:run/a/coder-2', 1_500, []],
  [
    'a job that begins anew while it is at work',
    'job:run/a/coder-1',
    'job:run/a/coder-2',
    900,
    ['job:run/a/coder-2 ran while job:run/a/coder-1 was still at work for 100 ms'],
  ],
  ['two different jobs', 'job:run/a/coder-1', 'job:run/a/merger-1', 500, []],
  ['a check that runs twice', 'check:f', 'check:f', 200, ['check:f ran while check:f was still at work for 800 ms']],
])('%s', (_, first, second, from, expected) => {
  const log = lines([0, 'begun', first, '1.1'], [from, 'begun', second, '1.2'], [1_000, 'alive', first, '1.1']);
  expect(overlaps(log).map(({ text }) => text)).toEqual(expected);
});
