import { play } from '../../support/story.ts';
import { untouched } from './untouched.ts';

it('refuses a change that touches one of the paths', async () => {
  const script = { activities: { protectedPaths: async () => ['db/001.sql'] } };
  const { end } = await play(untouched, script, { paths: ['db/**'] });
  expect(end).toMatchObject({ is: 'failed', reason: 'It touches protected paths: db/001.sql.' });
});
