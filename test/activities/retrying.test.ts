import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { final, notYet } from '../../activities/failures.ts';
import { heartbeating, reportProgress } from '../../activities/waiting/heartbeating.ts';
import { isTold, type Series } from '../../activities/waiting/retrying.ts';
import { withTimeout } from '../../activities/waiting/timeouts.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const series = (failures: number, secondsAgo: number, reported?: Partial<Series['told']>): Series => ({
  failures,
  since: NOW - secondsAgo * 1_000,
  ...(reported && { told: { failures: 3, at: NOW - secondsAgo * 1_000, message: 'no main', anew: 0, ...reported } }),
});

it.each([
  ['the first two', series(2, 3), undefined],
  ['the third', series(3, 3), 'milestone'],
  ['the first, after a minute', series(1, 60), 'milestone'],
  ['the fourth, after a report', series(4, 7, {}), undefined],
  ['the ninth', series(9, 59, {}), undefined],
  ['the tenth', series(10, 59, {}), 'milestone'],
  ['the 29th', series(29, 900, { failures: 10 }), undefined],
  ['the 30th', series(30, 900, { failures: 10 }), 'milestone'],
  ['the 299th', series(299, 9_000, { failures: 100 }), undefined],
  ['the 1,000th', series(1_000, 9_000, { failures: 300 }), 'milestone'],
  ['the twelfth, if the tenth was not reported', series(12, 59, {}), 'milestone'],
  ['another reason, soon', series(5, 30, { message: 'no disk' }), undefined],
  ['another reason, a minute later', series(5, 60, { message: 'no disk' }), 'anew'],
  ['the same reason with another number', series(5, 60, { message: 'no main' }), undefined],
  ['another reason, for the 21st time', series(5, 60, { message: 'no disk', anew: 20 }), undefined],
])('of failures in a row, %s is reported: %j', (_, failed, reported) => {
  expect(isTold(failed, 'no main', NOW)).toBe(reported);
});

it('other numbers, times and commits are not a new reason', () => {
  expect(isTold(series(5, 60, { message: 'pid 7 at 4f2c1ab8' }), 'pid 4711 at 00ffee12', NOW)).toBeUndefined();
});

/** Runs attempts of an activity on workers that share only its heartbeat. */
function attempts(work: (attempt: number) => unknown) {
  const heard: { name: string; said: any; runId: string | undefined }[] = [];
  const signal = (runId?: string) => async (definition: { name: string }, said: unknown) =>
    void heard.push({ name: definition.name, said, runId });
  const client = {
    withDeadline: (_: number, call: () => Promise<unknown>) => call(),
    withAbortSignal: (_: unknown, call: () => unknown) => call(),
    workflow: { getHandle: (_: string, runId?: string) => ({ signal: signal(runId) }) },
  };
  let details: unknown;
  let scheduled = Date.now();
  const next = async (attempt: number, later = 0): Promise<any> => {
    scheduled += later;
    const info = {
      attempt,
      activityType: 'changeMoved',
      heartbeatDetails: details,
      currentAttemptScheduledTimestampMs: scheduled,
    };
    const environment = new MockActivityEnvironment(info, {
      client: client as never,
      logger: new DefaultLogger('ERROR'),
    });
    environment.on('heartbeat', (each: unknown) => (details = each));
    const { act } = heartbeating({ act: async () => work(attempt) as Promise<void> });
    return environment.run(act).catch((failure: unknown) => failure);
  };
  return { heard, next, details: () => details };
}

it('the third failure in a row is reported to the waiting execution, without passwords and line breaks', async () => {
  const { heard, next } = attempts((attempt) => {
    throw new Error(`no ${attempt}\nhttps://ana:geheim@git.example/shop`);
  });
  await next(1);
  await next(2);
  expect(heard).toEqual([]);
  await next(3);
  expect(heard).toMatchObject([
    {
      name: '_retrying',
      runId: '00000000-0000-0000-0000-000000000000',
      said: { activity: 'changeMoved', failures: 3, message: 'no 3 https://…@git.example/shop' },
    },
  ]);
  for (let attempt = 4; attempt <= 12; attempt += 1) await next(attempt);
  expect(heard.map(({ said }) => said.failures)).toEqual([3, 10]);
});

it('a poll without an answer yet is not a failure, and ends a reported series', async () => {
  const { heard, next, details } = attempts((attempt) => {
    reportProgress({ seen: attempt });
    if (attempt <= 50 || attempt > 53) throw notYet('3 of 5 checks pending', 2_000);
    throw new Error('no main');
  });
  for (let attempt = 48; attempt <= 54; attempt += 1) await next(attempt);
  expect(heard.map(({ said }) => said.failures)).toEqual([3, 0]);
  expect(details()).toEqual({ seen: 54, over: 1 });
});

it('a failure after long polling is retried as soon as one of a new activity', async () => {
  const { next } = attempts((attempt) => {
    if (attempt <= 50) throw notYet('not yet', 2_000);
    throw new TypeError('no main');
  });
  await next(50);
  expect(await next(51)).toMatchObject({ message: 'no main', type: 'TypeError', nextRetryDelay: 1_000 });
  expect(await next(52)).toMatchObject({ nextRetryDelay: 2_000 });
});

it('a failure that ends the activity is not reported separately', async () => {
  const { heard, next } = attempts(() => {
    throw final('rejected', 'It is refused.');
  });
  for (const attempt of [1, 2, 3, 4]) expect(await next(attempt)).toBeInstanceOf(ApplicationFailure);
  expect(heard).toEqual([]);
});

it('an attempt still fails with its own error if the server refuses the report', async () => {
  const environment = new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: 1 });
  const { act } = heartbeating({ act: () => Promise.reject(new Error('no main')) });
  await expect(environment.run(act)).rejects.toThrow('no main');
});

describe('a forge that gives no answer', () => {
  class Unavailable extends Error {
    readonly port = 'forge';
    constructor(
      message: string,
      readonly retryAfterMs?: number,
    ) {
      super(message);
    }
  }

  it('is reported at the first failure, and that it answers again at the first answer', async () => {
    const { heard, next } = attempts((attempt) => {
      if (attempt === 2) throw new Unavailable('GitHub answers 503');
      throw notYet('3 of 5 checks pending', 2_000);
    });
    for (const attempt of [1, 2, 3, 4]) await next(attempt);
    expect(heard.map(({ said }) => said)).toMatchObject([
      { failures: 1, forge: true, message: 'GitHub answers 503' },
      { failures: 0 },
    ]);
  });

  it('is asked again when it says, an hour later at most, and people learn when', async () => {
    const { heard, next } = attempts((attempt) => {
      throw new Unavailable('the limit is used up', attempt === 1 ? 90_000 : 86_400_000);
    });
    expect(await next(1)).toMatchObject({ nextRetryDelay: 90_000, message: 'the limit is used up' });
    expect(await next(2)).toMatchObject({ nextRetryDelay: 3_600_000 });
    const { nextLook } = heard[0]!.said;
    expect(Math.abs(Date.parse(nextLook) - Date.now() - 90_000)).toBeLessThan(10_000);
  });

  it('is recognised behind a failure of a job', async () => {
    const { heard, next } = attempts(() => {
      throw new Error('It could not be pushed.', { cause: new Unavailable('a reset') });
    });
    await next(1);
    expect(heard).toMatchObject([{ said: { forge: true, message: 'It could not be pushed.' } }]);
  });

  it('that answers every other time is reported at once 20 times, and from then on once it lasts', async () => {
    const { heard, next } = attempts((attempt) => {
      if (attempt % 2 === 0) throw notYet('pending', 2_000);
      throw new Unavailable('GitHub answers 502');
    });
    for (let attempt = 1; attempt <= 60; attempt += 1) await next(attempt);
    expect(heard.filter(({ said }) => said.failures > 0)).toHaveLength(20);
    const lasting = attempts(() => {
      throw new Unavailable('GitHub answers 502');
    });
    for (const attempt of [1, 2, 3]) await lasting.next(attempt);
    expect(lasting.heard).toHaveLength(1);
  });

  it('is not suspected of what fails on this machine', async () => {
    const { heard, next } = attempts(() => {
      throw new Error('no disk');
    });
    for (const attempt of [1, 2, 3]) await next(attempt);
    expect(heard[0]!.said).not.toHaveProperty('forge');
  });

  it('is known by its port if its failure says nothing', async () => {
    const broken = withTimeout({ forge: { look: () => Promise.reject(new Error('no main')) } } as never, 1_000);
    const { heard, next } = attempts(() => broken.forge.look({} as never));
    for (const attempt of [1, 2]) await next(attempt);
    expect(heard).toEqual([]);
    await next(3);
    expect(heard).toMatchObject([{ said: { forge: true, failures: 3 } }]);
  });
});
