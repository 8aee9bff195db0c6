import {
  markerIn,
  markerLine,
  otherInstallation,
} from '../../../../../activities/adapters/hosted/pull-request/marker.ts';

const AT = '2026-11-29T01:00:00.000Z';
const marker = { installation: 'i-1', workflowId: 'run/default/A--1', live: true, at: AT };
const comment = (body: string, author = 'ana') => ({
  id: 1,
  body,
  author,
  bot: false,
  createdAt: AT,
  updatedAt: AT,
  url: '',
});

it('is read as it was written', () => {
  expect(markerIn(`Text\n\n${markerLine(marker)}\n`)).toEqual(marker);
  expect(markerIn(markerLine({ ...marker, live: false }))).toEqual({ ...marker, live: false });
});

it.each([
  ['a line above the last one', `${markerLine(marker)}\nMore text`],
  ['another comment', '<!-- something else -->'],
  ['no time', '<!-- gatehouse i-1 run/default/A live soon -->'],
  ['no text', ''],
])('is not found in %s', (_, body) => expect(markerIn(body)).toBeUndefined());

const hours = (count: number) => Date.parse(AT) + count * 3_600_000;
const others: [string, string, string, boolean | undefined, number, boolean][] = [
  ['a live one of a writer', 'i-2', 'ana', true, 1, true],
  ['our own', 'i-1', 'ana', true, 1, false],
  ['one that nobody has renewed for a day', 'i-2', 'ana', true, 24, false],
  ['one of somebody who may not write', 'i-2', 'eve', false, 1, false],
  ['one of somebody of whom we do not know', 'i-2', 'eve', undefined, 1, false],
];
it.each(others)('counts as another installation or not: %s', async (_, installation, author, may, age, counts) => {
  const comments = [comment('No marker'), comment(markerLine({ ...marker, installation }), author)];
  const found = await otherInstallation(comments, 'i-1', async () => may, hours(age));
  expect(found !== undefined).toBe(counts);
});

it('does not count once the run has ended', async () => {
  const ended = comment(markerLine({ ...marker, installation: 'i-2', live: false }));
  expect(await otherInstallation([ended], 'i-1', async () => true, hours(1))).toBeUndefined();
});
