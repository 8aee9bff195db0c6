import { Id } from '../../workflows/contracts/pipeline-run.ts';
import { gateFor, kinds } from '../../workflows/gates/index.ts';
import { CASES, FIELDS } from './cases.ts';
import { folderOf, generationsOf, recordedIn } from './corpus.ts';
import { CORE, ENDINGS } from './endings.ts';
import { PLANS } from './plans.ts';

it('every kind of step has exactly one plan', () => {
  expect(PLANS.map(({ kind }) => kind).toSorted()).toEqual([...kinds].toSorted());
});

it('every combination of kind and ending has a case, or a reason why it cannot be reached', () => {
  expect(FIELDS).toHaveLength(kinds.length * Object.keys(ENDINGS).length);
  expect(FIELDS.filter(({ recorded, because }) => (recorded === undefined) === (because === undefined))).toEqual([]);
});

it.each([...kinds])('%s has a case that passes, and cases that fail and are stopped if possible', (kind) => {
  const own = FIELDS.filter((field) => field.kind === kind);
  const recorded = own.filter((field) => field.recorded).map(({ ending }) => ending);
  const { takes } = gateFor(kind);
  expect(recorded).toContain('passed');
  if (takes.approval) expect(recorded).toEqual(expect.arrayContaining(['failed', 'stoppedAtWork']));
  if (takes.approval) expect(recorded).toEqual(expect.arrayContaining(['approved', 'stoppedWhileParked']));
  if (takes.when) expect(recorded).toContain('skipped');
  for (const ending of CORE) expect(own.find((field) => field.ending === ending)).toBeDefined();
});

it('a kind that shares the code of another one refers to one with all endings', () => {
  for (const { as } of PLANS) if (as) expect(PLANS.find(({ kind }) => kind === as)).not.toHaveProperty('as');
});

it('the name of a case is unique, and valid as the id of a task and as a file name', () => {
  const names = CASES.map(({ name }) => name);
  expect(names.filter((name) => !Id.safeParse(name).success || name.includes('.'))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

it('every case is recorded', async () => {
  const generations = await generationsOf();
  const recorded = await recordedIn(generations.map((generation) => folderOf(generation)));
  expect(CASES.map(({ name }) => name).filter((name) => !recorded.has(name))).toEqual([]);
});
