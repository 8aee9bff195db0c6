import type { Case } from './cases.ts';
import { CODER } from './plans.ts';
import type { Stage } from './recording/stage.ts';

const watchOf = ({ each }: Stage) => `release/default/${each.name}`;
const signal = (state: string) => ({ id: 'errors', state });

/** A run that merges, and the watch of its release. The case is about the watch. */
const watched = (name: string, signals: object[][], more: Partial<Case> & { own?: object } = {}): Case => {
  const { own, ...rest } = more;
  return {
    name: `release-${name}`,
    steps: [CODER, { kind: 'merger' }, { kind: 'post-release-health', minutes: 1, ...own }],
    script: { signals },
    reaches: (run) => run.status === 'passed',
    ...rest,
  };
};

const ALERT = [[signal('alert')]];

const inTheWatch =
  (then: (stage: Stage, watch: string) => Promise<unknown>) =>
  async (stage: Stage): Promise<void> => {
    await stage.start();
    await stage.finish();
    await then(stage, watchOf(stage));
  };

const held =
  (label: string, then: (stage: Stage, watch: string) => Promise<unknown>) =>
  async (stage: Stage): Promise<void> => {
    stage.hold(label);
    await stage.start();
    await stage.finish();
    await stage.began(label);
    await then(stage, watchOf(stage));
    stage.letGo(label);
  };

/** Every ending of a release watch. */
export const RELEASES: readonly Case[] = [
  watched('healthy', [[signal('ok')]]),
  watched('without-data', [[signal('no_data')]]),
  watched('without-data-and-told', [[signal('no_data')]], { own: { onNoData: 'notice' } }),
  watched('regression-acknowledged', ALERT),
  watched('nobody-on-call', ALERT, { own: { attempts: 0 } }),
  watched('on-call-fails', ALERT, {
    own: { attempts: 2 },
    script: { signals: ALERT, jobs: { 'on-call': [{ fails: 'No.' }] } },
  }),
  watched('on-call-evicted', ALERT, { script: { signals: ALERT, jobs: { 'on-call': [{ evicted: true }, {}] } } }),
  watched('stopped-while-watching', [[signal('ok')]], {
    play: held('releaseSettled', (stage, watch) => stage.say('stop', {}, watch)),
  }),
  watched('stopped-at-work', ALERT, { play: held('runJob on-call', (stage, watch) => stage.say('stop', {}, watch)) }),
  watched('stopped-while-parked', ALERT, {
    play: inTheWatch(async (stage, watch) => {
      await stage.parked('post-release-health', watch);
      await stage.say('stop', {}, watch);
    }),
  }),
  watched('restarted', [...ALERT, [signal('ok')]], {
    play: inTheWatch(async (stage, watch) => {
      await stage.parked('post-release-health', watch);
      await stage.say('restartFrom', { step: 1 }, watch);
    }),
  }),
  watched('paused-and-resumed', [[signal('ok')]], {
    play: held('releaseSettled', async (stage, watch) => {
      await stage.say('pause', {}, watch);
      await stage.say('resume', {}, watch);
    }),
  }),
  watched('hinted', [[signal('ok')]], {
    play: held('releaseSettled', async (stage, watch) => {
      await stage.signal('hint', { about: 'change' }, watch);
      await stage.began('releaseSettled', 2);
    }),
  }),
  watched('continued', ALERT, { short: true, play: inTheWatch((stage, watch) => stage.continued(watch)) }),
  watched('asked-to-move', ALERT, {
    play: inTheWatch(async (stage, watch) => {
      await stage.parked('post-release-health', watch);
      await stage.asked(watch);
    }),
  }),
  {
    name: 'release-input-invalid',
    steps: [],
    raw: { workspace: 'default' },
    play: (stage) => stage.start(watchOf(stage), 'releaseWatch'),
    reaches: () => true,
    closes: 'FAILED',
  },
  {
    name: 'release-of-nothing',
    steps: [CODER, { kind: 'post-release-health' }],
    reaches: (run) => run.status === 'passed',
  },
];
