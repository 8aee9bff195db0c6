import type { z } from 'zod';
import type { Activities, EnvironmentView, MergeReport, Signal } from '../../workflows/contracts/activities.ts';
import type { HumanAction } from '../../workflows/contracts/messages.ts';
import type { StepShape } from '../../workflows/contracts/pipelines.ts';
import { Policy } from '../../workflows/contracts/policy.ts';
import { freshStep, type GateView, type StepRecord } from '../../workflows/contracts/run/state.ts';
import type { Capabilities, Capability } from '../../workflows/gates/capabilities.ts';
import type { Core, Gate, GateContext, GateEnd, JobEnd } from '../../workflows/gates/gate.ts';
import { revisionOf } from '../../workflows/rules/outputs.ts';
import { inWords, isFact } from '../../workflows/words/index.ts';
import { change, completed, green, HEAD } from './builders.ts';

interface Script {
  /** The answers of people, in turn. */
  people?: (HumanAction | { kind: 'moved'; because: string })[];
  /** The ends of jobs, by role, in turn; the last one repeats. */
  jobs?: Record<string, JobEnd[]>;
  checks?: (() => ReturnType<typeof green>)[];
  merges?: unknown[];
  /** The checks of the merge result, in turn; and why the base cannot be merged in. */
  results?: unknown[];
  refusesBase?: string;
  /** The files in which the base conflicts when it is merged in. */
  conflictsWithBase?: string[];
  /** What the forge answers to merges, in turn, until it merges. */
  mergeReports?: MergeReport[];
  basesLeft?: number;
  activities?: Partial<Activities>;
  policy?: Partial<Policy>;
  before?: Partial<StepRecord>[];
  /** The common keys of the step itself, and fields of its record. */
  common?: Partial<StepShape>;
  own?: Partial<StepRecord>;
  site?: 'live' | 'failed' | 'slow' | 'none';
  head?: string | null;
  merged?: boolean;
  resumed?: boolean;
  refusesCommit?: string;
  tracker?: 'down' | 'none';
  signals?: Signal[];
}

interface Played {
  told: string[];
  /** The views that it showed while it worked. */
  views: object[];
  end: GateEnd;
  step: StepRecord;
  /** The steps before it, the briefs of its jobs, what people were shown, and what was committed. */
  before: StepRecord[];
  briefs: string[];
  asked: object[];
  committed: Record<string, string>[];
}

const record = (step: number, kind: string, over: Partial<StepRecord> = {}): StepRecord => ({
  ...freshStep(step, { kind }),
  ...over,
});

/** Plays a gate against a script, in plain Jest. `told` lists what it did. */
export async function play<K extends string, O extends z.ZodObject, C extends Capability>(
  gate: Gate<K, O, C>,
  script: Script = {},
  options: z.input<O> = {} as never,
): Promise<Played> {
  const reported: string[] = [];
  const briefs: string[] = [];
  const asked: object[] = [];
  const committed: Record<string, string>[] = [];
  const tell = (line: string) => void reported.push(line);
  const views: object[] = [];
  const see = (view: GateView, more = '') => {
    views.push(worded(view));
    tell(`${view.phase}${more}`);
  };
  const [people, checks, merges] = [[...(script.people ?? [])], [...(script.checks ?? [])], [...(script.merges ?? [])]];
  const [results, reports] = [[...(script.results ?? [])], [...(script.mergeReports ?? [])]];
  let basesLeft = script.basesLeft ?? 3;
  const jobs = Object.fromEntries(Object.entries(script.jobs ?? {}).map(([role, ends]) => [role, [...ends]]));
  const before = (script.before ?? []).map((over, index) =>
    record(index + 1, over.kind ?? 'coder', { state: 'done', ...over }),
  );
  const step = record(before.length + 1, gate.kind, {
    options: { kind: gate.kind, ...(options as object), ...script.common },
    ...script.own,
  });
  const site = script.site ?? 'live';
  let view: EnvironmentView | null = null;

  const core: Core<z.output<O>> = {
    step,
    options: gate.options.parse(options) as z.output<O>,
    policy: { ...Policy.parse({}), ...script.policy },
    change: () => change,
    head: () => (script.head === undefined ? HEAD : (script.head ?? undefined)),
    steps: () => [...before, step],
    title: () => 'Show totals',
    description: () => 'the task',
    inWords,
    keep: async (owner, { summary, output }) => void Object.assign(owner, { summary: inWords(summary), output }),
    show: (view) => see(view),
    send: async (role, work, shown) => {
      if (shown) views.push(worded(shown));
      briefs.push(inWords(work.brief));
      const ends = jobs[role] ?? [completed() as JobEnd];
      const end = ends.length > 1 ? ends.shift()! : ends[0]!;
      tell(`${role} ${end.is}`);
      return end;
    },
    concurrently: (work) => Promise.all(work.map((each) => each())),
    poll: async (_, view, ask) => {
      see(view);
      return ask();
    },
    attempt: async (view, work) => {
      see(view);
      return tried(work);
    },
    park: async (ask, notice, { edit, until } = {}) => {
      for (;;) {
        const { offers, ...shown } = ask();
        asked.push(worded(shown));
        const answer = people.shift();
        const type = notice?.type ?? 'parked';
        if (!answer && until) return { kind: 'settled', value: await until() } as never;
        if (!answer) throw new Error(`Nobody came; offered: ${offers.join(', ')}`);
        if (answer.kind !== 'moved' && !offers.some((offer) => offer === answer.kind))
          throw new Error(`${answer.kind} was not offered: ${offers.join(', ')}`);
        tell(`${type}: ${answer.kind}`);
        if (!edit?.(answer as never)) return answer as never;
      }
    },
    resumed: () => undefined,
    notice: (type) => tell(`notice ${type}`),
  };
  const all: Capabilities = {
    activities: { protectedPaths: async () => [], ...script.activities } as Activities,
    base: {
      mergeability: async (view) => {
        see(view, ' mergeability');
        const next = merges.length > 1 ? merges.shift() : merges[0];
        return {
          is: 'mergeable',
          head: HEAD,
          baseHead: change.basis,
          foreign: [],
          state: 'open',
          ...(next as object),
        } as never;
      },
      mergeResult: async (view, baseHead) => {
        see(view, ` result on ${baseHead}`);
        return results.shift() as never;
      },
      update: async (view) => {
        see(view);
        return tried(async () => script.activities!.updateFromBase!({ change, known: HEAD }));
      },
      take: async (view) => {
        see(view);
        const { refusesBase: because = 'It conflicts.', conflictsWithBase: files } = script;
        return script.refusesBase || files ? { because, ...(files && { files }) } : undefined;
      },
      mayTake: () => (basesLeft -= 1) >= 0,
      merge: async ({ head, commit = 'm' }, wait) => {
        if (wait) tell(`waits for ${wait.for}: ${wait.because}`);
        return reports.shift() ?? { is: 'merged', mergeCommit: commit, head };
      },
    },
    branchResumed: () => script.resumed ?? false,
    checks: async (view) => {
      see(view, ' checks');
      return (checks.length > 1 ? checks.shift()! : (checks[0] ?? green))();
    },
    documents: {
      commit: async (files) => {
        tell(`commit ${Object.keys(files).join(' ')}`);
        committed.push(files);
        return script.refusesCommit;
      },
    },
    environment: {
      configured: site !== 'none',
      current: () => view,
      build: async () => {
        tell('build');
        view = {
          status: site === 'live' ? 'live' : site === 'slow' ? 'provisioning' : 'failed',
          generation: 1,
          holder: { workflowId: 'w', runId: 'r' },
          ...(site === 'live' ? { url: 'http://x.test' } : { because: 'no room' }),
        };
      },
      follow: async () => tell('follow'),
      release: async () => {
        tell('release');
        if (view) view = { ...view, status: 'gone' };
      },
    },
    estimated: (estimate) => tell(`estimated ${estimate.complexity} ${estimate.risk} ${estimate.impact}`),
    failedEffect: () => tell('effect failed'),
    output: { of: async ({ output }) => output, revision: async (said) => revisionOf(said) },
    release: {
      merged: () => ((script.merged ?? true) ? 'm'.repeat(40) : undefined),
      watch: async () => 'Watched by release/default/PAY-142.',
      signals: async (minutes) => {
        tell(`watching ${minutes}`);
        return script.signals ?? [];
      },
    },
    stop: () => Promise.reject(new Error('stopped')),
    tracker: {
      file: async ({ title, body }) => {
        tell(`issue ${title}: ${body}`);
        if (script.tracker === 'down') throw new Error('the tracker is down');
        return script.tracker === 'none' ? undefined : { id: 'ISSUE-1' };
      },
    },
    verdicts: { voided: () => [], foreignKnown: () => 0 },
  };
  // The gate gets only the capabilities that it declares, so that a forgotten one is missing here too.
  const used = Object.fromEntries((gate.uses ?? []).map((name) => [name, all[name]]));
  const end = worded(await gate.run({ ...core, ...used } as GateContext<z.output<O>, C>));
  return { told: reported, views, end, step, before, briefs, asked, committed };
}

/** What a gate shows or returns, with its facts in words. */
const worded = <T extends object>(shown: T): T =>
  Object.fromEntries(
    Object.entries(shown).map(([key, value]: [string, unknown]) => [key, isFact(value) ? inWords(value) : value]),
  ) as T;

const tried = <T>(work: () => Promise<T>) =>
  work().then(
    (value) => ({ is: 'done', value }) as const,
    (failure: Error) => ({ is: 'failed', because: failure.message }) as const,
  );
