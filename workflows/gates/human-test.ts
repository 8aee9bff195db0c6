import { z } from 'zod';
import type { EnvironmentView } from '../contracts/activities.ts';
import type { ActionName } from '../contracts/messages.ts';
import { passed } from '../contracts/outcome.ts';
import type { Round } from '../contracts/reading.ts';
import type { GateView } from '../contracts/state.ts';
import { briefOfConflicts } from './conflicts.ts';
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
    /** How many times to send the `fixer`. None: `fixAttempts` of the policy. */
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
            return passed(`Confirmed by ${answer.by ?? 'a person'}${answer.note ? `: ${answer.note}` : '.'}`);
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
            await ctx.environment.release('A person took it down.');
            visit = true;
            continue;
          case 'moved':
            because = answer.because;
        }
        await build(ctx, fixes);
      }
    } finally {
      await ctx.environment.release('The human test is over.');
    }
  },
});

/** Why the person is asked again. */
const Kept = z.strictObject({ because: z.string().optional() });

/** Fixes and merges are counted apart, so that no fix is ever spent on a conflict. */
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
  const told = { ...fixes.shown(), rounds: ctx.step.rounds, offers };
  if (environment?.status === 'live') return { ...told, because, detail: `Try the change at ${environment.url}` };

  const lacking = whyNot(ctx, environment);
  return { ...told, because: because ?? lacking, detail: `${lacking} Try ${ctx.change().branch} yourself` };
};

const isLive = (environment: EnvironmentView | null) =>
  environment?.status === 'live' || environment?.status === 'provisioning';

/** Why there is no place to try the change: degraded, never failed (gates 2.7). */
function whyNot(ctx: Context, environment: EnvironmentView | null): string {
  if (!ctx.environment.configured) return 'No environment is configured.';
  if (environment?.status === 'provisioning')
    return environment.because ?? 'The environment is not up yet; it may still come up.';
  return environment?.because ?? 'There is no environment.';
}

const readyText = (ctx: Context) => {
  const environment = ctx.environment.current();
  return environment?.status === 'live'
    ? `Try the change at ${environment.url}`
    : `${whyNot(ctx, environment)} Try the branch yourself.`;
};

/** A person can test without an environment, so lacking one parks the run rather than failing it. */
async function build(ctx: Context, fixes: Budget): Promise<void> {
  if (!ctx.environment.configured || ctx.head() === undefined) return;
  await ctx.environment.build({
    phase: 'provisioning',
    waitingOn: 'environment',
    detail: `The environment for ${ctx.head()!.slice(0, 8)} is being made`,
    rounds: ctx.step.rounds,
    ...fixes.shown(),
    offers: ['destroyEnvironment'] satisfies ActionName[],
  });
}

/** Sends the fixer with what the person found. However it ends, the person is asked again, and told. */
async function fix(ctx: Context, findings: string, budget: Budget): Promise<string | undefined> {
  const brief = `A person tried the change, and found this:\n\n${findings}`;
  const view = { ...budget.shown(), rounds: ctx.step.rounds };
  const end = await ctx.send('fixer', { mode: 'write', brief }, view);
  return closeRound(ctx, { kind: 'fix', findings }, 'The fixer', end);
}

async function pullBase(ctx: Context, budget: Budget): Promise<{ rebuild: boolean; because?: string | undefined }> {
  const { branch, base } = ctx.change();
  const refuse = (because: string) => {
    ctx.step.rounds.push({ kind: 'conflict', outcome: 'failed', because, ...headOf(ctx) });
    ctx.failedEffect();
    return { rebuild: false, because };
  };

  const view: GateView = { phase: 'updating-branch', waitingOn: 'forge', detail: `${branch} takes in ${base}` };
  const update = await ctx.base.update(view);
  if (update.is === 'called-off') return refuse('The update was called off.');
  if (update.is === 'failed') return refuse(`${base} could not be merged in: ${update.because}`);
  if (update.value.is === 'refused') return refuse(`${base} could not be merged in: ${update.value.because}`);
  if (update.value.is !== 'conflict') return { rebuild: true };
  if (!budget.left()) {
    return refuse(
      `${base} conflicts with the change, and the resolvers have had their ${budget.shown().attempts} attempts.`,
    );
  }

  budget.spend();
  const brief = briefOfConflicts(
    base,
    update.value.files.map((name) => ({ name })),
  );
  const end = await ctx.send('conflict-resolver', { mode: 'resolve', brief }, { rounds: ctx.step.rounds });
  return { rebuild: true, because: closeRound(ctx, { kind: 'conflict' }, 'The conflict-resolver', end) };
}

/** Notes how a helper's round went, and answers what the person must know of it. */
function closeRound(
  ctx: Context,
  round: Pick<Round, 'kind' | 'findings'>,
  who: string,
  end: JobEnd,
): string | undefined {
  const because =
    end.is === 'failed'
      ? `${who} failed: ${end.because}`
      : end.changed
        ? undefined
        : `Nothing changed: ${who} left the head as it was.`;
  if (end.is === 'failed') ctx.failedEffect();
  const outcome = end.is === 'failed' ? 'failed' : 'completed';
  ctx.step.rounds.push({ ...round, outcome, ...(because && { because }), ...headOf(ctx) });
  return because;
}

const headOf = (ctx: Context) => {
  const head = ctx.head();
  return head ? { head } : {};
};
