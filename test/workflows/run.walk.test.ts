import { jest } from '@jest/globals';
import { dice } from '../support/walk/dice.ts';
import { anyPipeline } from '../support/walk/pipelines.ts';
import { Walk } from '../support/walk/walk.ts';

jest.setTimeout(590_000);

const REVIEWED = ['coder', 'reviewer', 'human-test', 'conflicts', 'ci', 'merger'].map((kind) => ({ kind }));
const walks = Number(process.env['WALKS'] ?? 40);
const first = Number(process.env['SEED'] ?? 0);

it.each([
  ['the pipeline of the human test', () => REVIEWED],
  ['any valid pipeline', anyPipeline],
])('a run of %s keeps its invariants, whatever people and the world do', async (_, pipelineOf) => {
  const broken: string[] = [];
  const ends: Record<string, number> = {};
  let moved = 0;
  for (let seed = first; seed < first + walks; seed += 1) {
    const roll = dice(seed);
    const walk = new Walk(roll, pipelineOf(roll));
    try {
      await walk.play();
    } catch (failure) {
      walk.broken.add(`threw: ${(failure as Error).stack ?? ''}`);
    }
    moved += walk.moved;
    const end = walk.run?.closed ?? { open: true };
    const kind = 'result' in end ? end.result.outcome : 'failure' in end ? end.failure.type : Object.keys(end)[0]!;
    ends[kind] = (ends[kind] ?? 0) + 1;
    const story = `${JSON.stringify(walk.steps)}\n    ${walk.trail.join(' ')}`;
    if (walk.broken.size > 0) broken.push(`seed ${seed}: ${[...walk.broken].join('; ')}\n    ${story}`);
  }
  console.log(
    `${broken.length} of ${walks} walks broke an invariant, and continued as new ${moved} times. Their ends: ${JSON.stringify(ends)}`,
  );
  expect(broken).toEqual([]);
  expect(moved).toBeGreaterThanOrEqual(walks < 20 ? 0 : 1);
});
