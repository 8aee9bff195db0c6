import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import type { Gate } from '../../workflows/gates/gate.ts';
import type { Case } from './cases.ts';
import { CODER, READER, type Particular, type Plan, type Step } from './plans.ts';
import type { Stage } from './recording/stage.ts';

type Made = Omit<Case, 'name'>;
/** Returns a step of a kind with this ending, or why there is none. */
type Make = (plan: Plan, gate: Gate) => Made | string;

const SMALL = { complexity: 0.1, risk: 0.1, impact: 0.1 };

/** The case of a plan with one of its particulars. `headed`: the work branch has commits when the step begins. */
function made(plan: Plan, particular: Particular = {}, more: Partial<Made> & { headed?: boolean } = {}): Made {
  const { headed, ...rest } = more;
  const hasHead = plan.kind === 'coder' || plan.before.some(({ kind }) => kind === 'coder');
  const own: Step = { kind: plan.kind, ...plan.own, ...particular.own };
  const steps = [...(headed && !hasHead ? [CODER] : []), ...plan.before, own, ...(particular.after ?? [])];
  const script = { ...plan.script, ...particular.script };
  return { steps, ...(Object.keys(script).length > 0 && { script }), reaches: () => true, ...rest };
}

const stepOf = (run: RunAnswer, { kind }: Plan) => run.steps.find((step) => step.kind === kind)!;
const outcome = (plan: Plan, is: string) => ({ reaches: (run: RunAnswer) => stepOf(run, plan).outcome === is });
const status = (is: string) => ({ reaches: (run: RunAnswer) => run.status === is });
const isAttempt = (run: RunAnswer, plan: Plan, is: string, times = 1) =>
  stepOf(run, plan).attempts.filter(({ outcome }) => outcome === is).length >= times;

/** The step's number in the case. */
const placeOf = async (stage: Stage, plan: Plan) => stepOf((await stage.look())!, plan).step;

/** Waits until the step asks a person, and takes the action that leads to the ending. */
async function brought(stage: Stage, plan: Plan, { says }: Particular): Promise<void> {
  if (!says) return;
  await stage.parked(plan.kind);
  await stage.say(says[0] as never, says[1]);
}

/** Holds the step at work, and does something meanwhile. */
const atWork =
  (works: string, meanwhile: (stage: Stage) => Promise<void>) =>
  async (stage: Stage): Promise<void> => {
    stage.hold(works);
    await stage.start();
    await stage.began(works);
    await meanwhile(stage);
    stage.letGo(works);
  };

const whileParked =
  (plan: Plan, then: (stage: Stage) => Promise<unknown>) =>
  async (stage: Stage): Promise<void> => {
    await stage.start();
    await stage.parked(plan.kind);
    await then(stage);
  };

const working = (plan: Plan, then: (works: string) => Made): Made | string =>
  typeof plan.works === 'string' ? then(plan.works) : plan.works.none;
const parking = (plan: Plan, then: (parks: Particular) => Made): Made | string =>
  typeof plan.parks === 'string' ? plan.parks : then(plan.parks);
const sending = (plan: Plan, then: (sends: Particular & { role: string }) => Made): Made | string =>
  typeof plan.sends === 'string' ? plan.sends : then(plan.sends);
const approving = (plan: Plan, { takes }: Gate, then: () => Made): Made | string =>
  takes.approval && typeof plan.parks !== 'string' ? then() : 'it has no output that needs approval';

/** The role's first jobs end this way, then all succeed. Replaces the jobs of the plan's own script. */
const first = ({ role, script }: Particular & { role: string }, ...ends: object[]) => ({
  script: { ...script, jobs: { ...(script?.['jobs'] as object), [role]: ends } },
});

/**
 * Somebody merges or closes the change on the forge. The run notices while it waits for a person, or at an inspection of
 * the change.
 */
const byHand =
  (how: 'merged' | 'closed'): Make =>
  (plan) => {
    if (plan.kind === 'post-release-health') return 'its change is merged already';
    const end = { headed: true, reaches: (_: RunAnswer, result: any) => result?.outcome === how };
    if (typeof plan.parks !== 'string')
      return made(plan, plan.parks, { ...end, play: whileParked(plan, async (stage) => stage.byHand(how)) });
    return working(plan, (works) =>
      made(
        plan,
        {},
        {
          ...end,
          play: atWork(works.startsWith('settled') ? works : 'lookAtChange', async (stage) => stage.byHand(how)),
        },
      ),
    );
  };

/** Every way in which a step of any kind may end, and everything that may happen to it. */
export const ENDINGS: Record<string, Make> = {
  passed: (plan) => made(plan, {}, plan.kind === 'merger' ? outcome(plan, 'merged') : outcome(plan, 'passed')),
  failed: (plan) => (typeof plan.fails === 'string' ? plan.fails : made(plan, plan.fails, outcome(plan, 'failed'))),
  skipped: (plan, { takes }) =>
    takes.when
      ? made(
          plan,
          { own: { when: { minRisk: 0.9 } } },
          { input: { task: { estimate: SMALL } }, ...outcome(plan, 'skipped') },
        )
      : 'it takes no "when"',
  approved: (plan, gate) =>
    approving(plan, gate, () => made(plan, plan.parks as Particular, outcome(plan, 'approved'))),
  stoppedAtWork: (plan) =>
    working(plan, (works) =>
      made(plan, {}, { ...status('stopped'), play: atWork(works, (stage) => stage.say('stop')), closes: 'CANCELLED' }),
    ),
  stoppedWhileParked: (plan) =>
    parking(plan, (parks) =>
      made(plan, parks, {
        ...status('stopped'),
        play: whileParked(plan, (stage) => stage.say('stop')),
        closes: 'CANCELLED',
      }),
    ),

  parked: (plan) =>
    parking(plan, (parks) =>
      made(plan, parks, {
        headed: true,
        stays: true,
        ...status('parked'),
        play: whileParked(plan, async () => undefined),
      }),
    ),
  edited: (plan, gate) =>
    approving(plan, gate, () =>
      made(plan, plan.parks as Particular, {
        ...outcome(plan, 'approved'),
        play: whileParked(plan, (stage) => stage.say('approve', { proposal: '# As I would have it' })),
      }),
    ),
  changesRequested: (plan, gate) =>
    approving(plan, gate, () =>
      made(plan, plan.parks as Particular, {
        ...outcome(plan, 'approved'),
        play: whileParked(plan, (stage) => stage.say('requestChanges', { feedback: 'Shorter, please.' })),
      }),
    ),
  rejected(plan, gate) {
    const made_ = () =>
      made(plan, plan.parks as Particular, {
        ...outcome(plan, 'rejected'),
        play: whileParked(plan, (stage) => stage.say('reject', { reason: 'Not now.' })),
      });
    return plan.kind === 'merger' ? made_() : approving(plan, gate, made_);
  },
  restartedAtWork: (plan) =>
    working(plan, (works) =>
      made(
        plan,
        {},
        {
          ...status('passed'),
          play: atWork(works, async (stage) => stage.say('restartFrom', { step: await placeOf(stage, plan) })),
        },
      ),
    ),
  restartedWhileParked: (plan) =>
    parking(plan, (parks) =>
      made(plan, parks, {
        ...status('passed'),
        play: whileParked(plan, async (stage) => stage.say('restartFrom', { step: await placeOf(stage, plan) })),
      }),
    ),
  pausedBefore: (plan) => {
    const before = plan.before.length > 0 ? plan.before : [READER];
    const last = before.at(-1)!.kind;
    return made(
      { ...plan, before },
      {},
      {
        ...status('passed'),
        play: atWork(`runJob ${last}`, async (stage) => {
          await stage.say('pause', { reason: 'Lunch.' });
          stage.letGo(`runJob ${last}`);
          await stage.seenAs(
            `${last} has ended`,
            ({ steps }) => steps[before.length - 1]?.attempts.at(-1)?.endedAt !== undefined,
          );
          await stage.say('resume');
        }),
      },
    );
  },
  evicted: (plan) =>
    sending(plan, (sends) =>
      made(
        plan,
        { ...sends, ...first(sends, { evicted: true }, {}) },
        {
          reaches: (run) => isAttempt(run, plan, 'evicted') && run.status === 'passed',
          play: async (stage) => {
            await stage.start();
            await brought(stage, plan, sends);
          },
        },
      ),
    ),
  evictedForGood: (plan) =>
    sending(plan, (sends) =>
      made(
        plan,
        {
          ...sends,
          own: { ...(plan.kind === 'ci' || plan.kind === 'conflicts' ? { attempts: 1 } : {}) },
          ...first(sends, { evicted: true }),
        },
        {
          reaches: (run) => isAttempt(run, plan, 'evicted', 2),
          play: async (stage) => {
            await stage.start();
            await brought(stage, plan, sends);
          },
        },
      ),
    ),
  heldByBudget: (plan) =>
    sending(plan, (sends) =>
      made(plan, sends, {
        ...status('passed'),
        world: {
          runJob: async ({ question, usual, stage }) =>
            question.role === sends.role && stage.once('held') ? HELD : usual(),
        },
        play: async (stage) => {
          stage.hold('withinBudget');
          await stage.start();
          await brought(stage, plan, sends);
          await stage.began('withinBudget');
          await stage.say('resume');
          await stage.began('withinBudget', 2);
          stage.letGo('withinBudget');
        },
      }),
    ),
  overBudget: (plan) => {
    const before = plan.before.length > 0 ? plan.before : [READER];
    const costs = { script: { jobs: { [before.at(-1)!.kind]: [{ costCents: 30 }] } } };
    return made({ ...plan, before }, costs, {
      ...status('stopped'),
      closes: 'CANCELLED',
      input: { policy: { budgetCents: 20 } },
      play: async (stage) => {
        await stage.start();
        await stage.seenAs('over its budget', ({ waitingOn }) => waitingOn.what === 'budget');
        await stage.say('stop');
      },
    });
  },
  movedWhileParked: (plan) =>
    parking(plan, (parks) =>
      made(plan, parks, {
        headed: true,
        ...status('passed'),
        play: whileParked(plan, async (stage) => {
          const { current } = (await stage.look())!;
          stage.commit();
          await stage.seenAs('asked anew', (run) => run.status !== 'parked' || run.current?.visit !== current?.visit);
        }),
      }),
    ),
  goneBack: (plan) => goneBack(plan),
  mergedByHand: byHand('merged'),
  closedByHand: byHand('closed'),
  retried: (plan) =>
    typeof plan.fails === 'string'
      ? plan.fails
      : made(
          plan,
          { ...plan.fails, script: plan.fails.mended! },
          {
            ...status('passed'),
            play: async (stage) => {
              await stage.start();
              await stage.finish();
              await stage.retry();
            },
          },
        ),
  continued: (plan) => ({ ...made(plan, { after: [READER] }, { headed: true, ...status('passed') }), short: true }),
};

const HELD = { is: 'held', by: 'budget', because: 'This month has spent 30 of 20 cents.' };

/** Kinds whose verdict is about the head, and is voided by foreign commits. */
const JUDGES = ['coder', 'mocker', 'reviewer', 'human-test'];

/** A foreign commit voids the verdict: the next step notices, and the run goes back. */
function goneBack(plan: Plan): Made | string {
  if (!JUDGES.includes(plan.kind)) return 'it has no verdict that a commit could void';
  const { own } = plan.kind === 'reviewer' || typeof plan.parks === 'string' ? { own: undefined } : plan.parks;
  return made(
    plan,
    { ...(own && { own }), after: [READER, { kind: 'tester' }] },
    {
      headed: true,
      reaches: (run) =>
        run.status === 'passed' && run.foreign.length > 0 && run.steps.every(({ state }) => state === 'done'),
      play: async (stage) => {
        stage.hold('runJob researcher');
        await stage.start();
        if (own?.['approval'] || plan.kind === 'human-test') {
          await stage.parked(plan.kind);
          await stage.say(plan.kind === 'human-test' ? 'confirm' : 'approve');
        }
        await stage.began('runJob researcher');
        stage.commit();
        stage.letGo('runJob researcher');
      },
    },
  );
}

/** The endings that are recorded for a kind that shares another one's code. */
export const CORE: readonly string[] = [
  'passed',
  'failed',
  'skipped',
  'approved',
  'stoppedAtWork',
  'stoppedWhileParked',
];
