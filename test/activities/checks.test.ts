import { MockActivityEnvironment } from '@temporalio/testing';
import { changeActivities } from '../../activities/changes.ts';
import { checkActivities } from '../../activities/checks.ts';
import type { Checks, Forge } from '../../activities/ports.ts';
import type { ChangeReport, MergeReport } from '../../workflows/contracts/activities.ts';
import { change, HEAD } from '../support/builders.ts';

const open: ChangeReport = { state: 'open', head: HEAD, baseHead: change.basis, foreign: [] };
const none: Checks = { ended: [], running: [], none: false };
const task = { id: 'PAY-142', title: 'Show totals', type: 'feature' } as const;

/** The activities over a forge that answers so. */
function over(forge: { checks?: Checks; look?: Partial<ChangeReport>; merge?: MergeReport; unknown?: boolean }) {
  const port = {
    look: async () => ({ ...open, ...forge.look }),
    checks: async () => forge.checks ?? none,
    merge: async () => forge.merge!,
    mergeability: async () =>
      forge.unknown
        ? { is: 'unknown', because: 'it is computed' }
        : { is: 'mergeable', head: HEAD, baseHead: change.basis },
  } as unknown as Forge;
  const activities = {
    ...checkActivities({ forge: port }, { lookMs: 30_000 }),
    ...changeActivities({ forge: port }, { lookMs: 30_000, pace: (ms) => ms }),
  };
  const call = <Name extends keyof typeof activities>(
    name: Name,
    question: Parameters<(typeof activities)[Name]>[0],
  ): Promise<any> =>
    new MockActivityEnvironment()
      .run(activities[name] as (question: never) => Promise<unknown>, question as never)
      .catch((failure: unknown) => failure);
  return call;
}

describe('checks that the forge holds', () => {
  const held = [{ name: 'build', url: 'https://git.example/runs/1' }];
  const question = { change, known: HEAD, graceSeconds: 0, checkSeconds: 60, round: '1' };

  it.each<[string, Checks, typeof held | undefined, object]>([
    ['are reported', { ...none, held }, undefined, { held, checks: [] }],
    ['are reported while others run', { ...none, running: ['lint'], held }, undefined, { held, running: ['lint'] }],
    ['are awaited once they are shown', { ...none, held }, held, { type: 'NotYet', message: /approval.*build/ }],
    ['are reported again once they run', { ...none, running: ['build'] }, held, { held: [] }],
    [
      'do not matter once another one is red',
      { ...none, ended: [{ name: 'lint', conclusion: 'failure' }], held },
      undefined,
      { checks: [{ name: 'lint' }], held: undefined },
    ],
  ])('%s', async (_, checks, shown, expected) => {
    const said = await over({ checks })('settledChecks', { ...question, ...(shown && { held: shown }) });
    const { message, ...rest } = expected as { message?: RegExp };
    expect({ held: undefined, ...said, type: said.type }).toMatchObject(rest);
    if (message) expect(said.message).toMatch(message);
  });

  it('are no reason to wait for checks to appear', async () => {
    const said = await over({ checks: { ...none, held } })('settledChecks', { ...question, graceSeconds: 600, held });
    expect(said.message).toMatch(/^Waits for approval/);
  });
});

describe('a merge that waits', () => {
  const waiting = { is: 'waiting', for: 'queue', because: 'position 2' } as const;
  const question = { change, head: HEAD, baseHead: change.basis, task };
  it.each<[string, MergeReport, object | undefined, object]>([
    ['is reported', waiting, undefined, waiting],
    ['is polled while it is as it is shown', waiting, waiting, { type: 'NotYet', message: 'position 2' }],
    ['is reported again when that changes', { ...waiting, because: 'position 1' }, waiting, { because: 'position 1' }],
    ['ends', { is: 'merged', mergeCommit: 'm', head: HEAD }, waiting, { is: 'merged' }],
  ])('%s', async (_, merge, shown, expected) => {
    const said = await over({ merge })('merge', { ...question, ...(shown && { shown: waiting }) });
    expect({ ...said, message: said.message }).toMatchObject(expected);
  });
});

it('a forge that is still computing whether it merges is asked again within seconds', async () => {
  const said = await over({ unknown: true })('settledMergeability', { change, known: HEAD });
  expect(said).toMatchObject({ type: 'NotYet', nextRetryDelay: 3_000 });
});

it('another base is a move of the change', async () => {
  expect(await over({})('changeMoved', { change, known: HEAD })).toMatchObject({ type: 'NotYet' });
  const retargeted = over({ look: { base: 'release' } });
  expect(await retargeted('changeMoved', { change, known: HEAD })).toMatchObject({ base: 'release' });
  expect(await retargeted('settledMergeability', { change, known: HEAD })).toMatchObject({ base: 'release' });
});
