import { z } from 'zod';
import type { EnvironmentView } from '../contracts/activities.ts';
import type { Fact, Text } from '../contracts/facts.ts';
import type { ActionName } from '../contracts/messages.ts';
import { passed } from '../contracts/outcome.ts';
import type { Round } from '../contracts/reading.ts';
import type { GateView } from '../contracts/run/state.ts';
import { budgetOf, defineGate, judge, type GateContext, type JobEnd, type Question } from './gate.ts';

const USES = ['base', 'environment', 'failedEffect', 'verdicts'] as const;
type Context = GateContext<unknown, (typeof USES)[number]>;

type Offer = 'confirm' | 'requestFix' | 'pullMain' | 'recreateEnvironment' | 'destroyEnvironment';

/**
 * A person is the verdict.
 *
 *   provisioning ──▶ parked ── confirm ─────────────▶ passed
 *        ▲             ├── requestFix ──────────▶ helping ─────────────┐
 *        │             ├── pullMain ────────────▶ updating-branch ─────┤  (on conflict, helping; on refusal, parked)
 *        │             ├── recreateEnvironment ────────────────────────┤
 *        │             ├── a commit by somebody else ──────────────────┤
 *        │             └── destroyEnvironment ──▶ parked, same visit   │
 *        └─────────────────────────────────────────────────────────────┘
 */
export const humanTest = defineGate({
  kind: 'human-test',
  options: z.object({
    /** How many times to send the `fixer`. Default: `fixAttempts` of the policy. */
    fixes: z.number().int().min(0).max(1_000).optional(),
  }),
  roles: ['fixer', 'conflict-resolver'],
  uses: [...USES],
  takes: {},

  async run(ctx) {
    const fixes = budgetOf(ctx.step, 'fix', ctx.options.fixes ?? ctx.policy.fixAttempts);
    const merges = budgetOf(ctx.step, 'conflict', ctx.policy.conflictAttempts);
    const back = ctx.resumed(Kept);
    let because = back ? back.because : ctx.step.reopened;
    let visit = false;

    try {
      if (!back) await build(ctx, fixes);
      for (;;) {
        const ask = () => question(ctx, { because, fixes });
        const parking = { visit, kept: { because } satisfies z.output<typeof Kept> };
        const answer = await ctx.park<Offer>(ask, { type: 'human_test_ready', text: readyText(ctx) }, parking);
        because = undefined;
        visit = false;

        switch (answer.kind) {
          case 'confirm':
            judge(ctx, 'person');
            return passed({ fact: 'confirmedBy', by: answer.by, note: answer.note });
          case 'requestFix':
            fixes.spend();
            because = await fix(ctx, answer.findings, fixes);
            break;
          case 'pullMain': {
            const pulled = await pullBase(ctx, merges);
            because = pulled.because;
            if (!pulled.rebuild) continue;
            break;
          }
          case 'recreateEnvironment':
            break;
          case 'destroyEnvironment':
            await ctx.environment.release({ fact: 'takenDownByPerson' });
            visit = true;
            continue;
          case 'moved':
            because = answer.because;
        }
        await build(ctx, fixes);
      }
    } finally {
      await ctx.environment.release({ fact: 'humanTestOver' });
    }
  },
});

/** Why the person is asked again. */
const Kept = z.strictObject({ because: z.string().optional() });

/** Fixes and merges have separate budgets, so that no fix is spent on a conflict. */
type Budget = ReturnType<typeof budgetOf>;

const question = (
  ctx: Context,
  { because, fixes }: { because: string | undefined; fixes: Budget },
): Question<Offer> => {
  const environment = ctx.environment.current();
  const offers: Offer[] = [
    'confirm',
    ...(fixes.left() ? (['requestFix'] as const) : []),
    'pullMain',
    ...(ctx.environment.configured ? (['recreateEnvironment'] as const) : []),
    ...(isLive(environment) ? (['destroyEnvironment'] as const) : []),
  ];
  const shown = { ...fixes.shown(), rounds: ctx.step.rounds, offers };
  if (environment?.status === 'live') return { ...shown, because, detail: { fact: 'tryAt', url: environment.url } };

  const lacking = whyNot(ctx, environment);
  const detail: Text = { fact: 'tryBranch', lacking, branch: ctx.change().branch };
  return { ...shown, because: because ?? lacking, detail };
};

const isLive = (environment: EnvironmentView | null) =>
  environment?.status === 'live' || environment?.status === 'provisioning';

/** Why there is no environment for the test. The test continues without one. */
function whyNot(ctx: Context, environment: EnvironmentView | null): Text {
  if (!ctx.environment.configured) return { fact: 'noEnvironmentConfigured' };
  if (environment?.because !== undefined) return environment.because;
  return environment?.status === 'provisioning' ? { fact: 'environmentNotUpYet' } : { fact: 'noEnvironment' };
}

const readyText = (ctx: Context): Text => {
  const environment = ctx.environment.current();
  return environment?.status === 'live'
    ? { fact: 'tryAt', url: environment.url }
    : { fact: 'tryTheBranch', lacking: whyNot(ctx, environment) };
};

/** A person can test without an environment, so lacking one parks the run rather than failing it. */
async function build(ctx: Context, fixes: Budget): Promise<void> {
  if (!ctx.environment.configured || ctx.head() === undefined) return;
  await ctx.environment.build({
    phase: 'provisioning',
    waitingOn: 'environment',
    detail: { fact: 'environmentBuilding', head: ctx.head()! },
    rounds: ctx.step.rounds,
    ...fixes.shown(),
    offers: ['destroyEnvironment'] satisfies ActionName[],
  });
}

/** Sends the fixer with the person's findings. However it ends, the person is asked again, and sees how it ended. */
async function fix(ctx: Context, findings: string, budget: Budget): Promise<string | undefined> {
  const brief = { fact: 'fixBrief', findings } as const;
  const view = { ...budget.shown(), rounds: ctx.step.rounds };
  const end = await ctx.send('fixer', { mode: 'write', brief }, view);
  return closeRound(ctx, { kind: 'fix', findings }, 'fixer', end);
}

async function pullBase(ctx: Context, budget: Budget): Promise<{ rebuild: boolean; because?: string | undefined }> {
  const { branch, base } = ctx.change();
  const refuse = (reason: Fact) => {
    const because = ctx.inWords(reason);
    ctx.step.rounds.push({ kind: 'conflict', outcome: 'failed', because, ...headOf(ctx) });
    ctx.failedEffect();
    return { rebuild: false, because };
  };

  const view: GateView = {
    phase: 'updating-branch',
    waitingOn: 'forge',
    detail: { fact: 'updatingBranch', branch, base },
  };
  const update = await ctx.base.update(view);
  if (update.is === 'called-off') return refuse({ fact: 'updateCalledOff' });
  if (update.is === 'failed') return refuse({ fact: 'baseNotMerged', base, because: update.because });
  if (update.value.is === 'refused') return refuse({ fact: 'baseNotMerged', base, because: update.value.because });
  if (update.value.is !== 'conflict') return { rebuild: true };
  if (!budget.left()) return refuse({ fact: 'resolversUsedUp', base, attempts: budget.shown().attempts });

  budget.spend();
  const brief = { fact: 'resolveBrief', base, files: update.value.files } as const;
  const end = await ctx.send('conflict-resolver', { mode: 'resolve', brief }, { rounds: ctx.step.rounds });
  return { rebuild: true, because: closeRound(ctx, { kind: 'conflict' }, 'conflict-resolver', end) };
}

/** Records how a helper's round went. Returns what the person must know about it. */
function closeRound(
  ctx: Context,
  round: Pick<Round, 'kind' | 'findings'>,
  helper: string,
  end: JobEnd,
): string | undefined {
  const reason: Fact | undefined =
    end.is === 'failed'
      ? { fact: 'helperFailed', helper, because: end.because }
      : end.changed
        ? undefined
        : { fact: 'helperLeftHead', helper };
  const because = reason && ctx.inWords(reason);
  if (end.is === 'failed') ctx.failedEffect();
  const outcome = end.is === 'failed' ? 'failed' : 'completed';
  ctx.step.rounds.push({ ...round, outcome, ...(because && { because }), ...headOf(ctx) });
  return because;
}

const headOf = (ctx: Context) => {
  const head = ctx.head();
  return head ? { head } : {};
};
