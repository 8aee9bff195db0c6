import type { z } from 'zod';
import type { Activities, EnvironmentView } from '../../workflows/contracts/activities.ts';
import type { HumanAction } from '../../workflows/contracts/messages.ts';
import { Policy } from '../../workflows/contracts/policy.ts';
import type { StepRecord } from '../../workflows/contracts/state.ts';
import type { Gate, GateContext, GateEnd, JobEnd } from '../../workflows/gates/gate.ts';
import { change, completed, green, HEAD } from './builders.ts';

interface Script {
  /** What people answer, in turn. */
  people?: (HumanAction | { kind: 'moved'; because: string })[];
  /** How jobs end, by role; the last answer stands. */
  jobs?: Record<string, JobEnd[]>;
  checks?: (() => ReturnType<typeof green>)[];
  merges?: unknown[];
  activities?: Partial<Activities>;
  policy?: Partial<Policy>;
  before?: Partial<StepRecord>[];
  site?: 'live' | 'failed' | 'none';
}

const record = (step: number, kind: string, over: Partial<StepRecord> = {}): StepRecord => ({
  step,
  id: `${step}-${kind}`,
  kind,
  options: { kind },
  state: 'pending',
  waitedMs: 0,
  attempts: [],
  visits: 0,
  jobs: {},
  spent: {},
  extra: 0,
  rounds: [],
  verdicts: [],
  ...over,
});

/** A gate played against a script, in plain jest: what it did is told in the words of the domain. */
export async function play<K extends string, O extends z.ZodObject>(
  gate: Gate<K, O>,
  script: Script = {},
  options: z.input<O> = {} as never,
): Promise<{ told: string[]; end: GateEnd; step: StepRecord }> {
  const told: string[] = [];
  const tell = (line: string) => void told.push(line);
  const [people, checks, merges] = [[...(script.people ?? [])], [...(script.checks ?? [])], [...(script.merges ?? [])]];
  const jobs = Object.fromEntries(Object.entries(script.jobs ?? {}).map(([role, ends]) => [role, [...ends]]));
  const before = (script.before ?? []).map((over, index) =>
    record(index + 1, over.kind ?? 'coder', { state: 'done', ...over }),
  );
  const step = record(before.length + 1, gate.kind, { options: { kind: gate.kind, ...(options as object) } });
  const site = script.site ?? 'live';
  let view: EnvironmentView | null = null;

  const ctx: GateContext<z.output<O>> = {
    step,
    options: gate.options.parse(options) as z.output<O>,
    policy: { ...Policy.parse({}), ...script.policy },
    activities: { protectedPaths: async () => [], ...script.activities } as Activities,
    change: () => change,
    head: () => HEAD,
    foreignKnown: () => 0,
    steps: () => [...before, step],
    description: () => 'the task',
    keep: async (owner, { summary, output }) => void Object.assign(owner, { summary, output }),
    show: ({ phase }) => tell(phase),
    send: async (role) => {
      const ends = jobs[role] ?? [completed() as JobEnd];
      const end = ends.length > 1 ? ends.shift()! : ends[0]!;
      tell(`${role} ${end.is}`);
      return end;
    },
    look: async (_, { phase }, ask) => {
      tell(phase);
      return ask();
    },
    checks: async ({ phase }) => {
      tell(`${phase} checks`);
      return (checks.length > 1 ? checks.shift()! : (checks[0] ?? green))();
    },
    mergeability: async ({ phase }) => {
      tell(`${phase} mergeability`);
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
    merge: async ({ head }) => ({ is: 'merged', mergeCommit: 'm', head }),
    voided: () => [],
    canTakeBase: () => true,
    attempt: async ({ phase }, work) => {
      tell(phase);
      return work().then(
        (value) => ({ is: 'done', value }) as const,
        (failure: Error) => ({ is: 'failed', because: failure.message }) as const,
      );
    },
    park: async (ask, { type }) => {
      const { offers } = ask();
      const answer = people.shift();
      if (!answer) throw new Error(`Nobody came; offered: ${offers.join(', ')}`);
      if (answer.kind !== 'moved' && !offers.some((offer) => offer === answer.kind))
        throw new Error(`${answer.kind} was not offered: ${offers.join(', ')}`);
      tell(`${type}: ${answer.kind}`);
      return answer as never;
    },
    failedEffect: () => tell('effect failed'),
    saw: () => undefined,
    notice: (type) => tell(`notice ${type}`),
    site: {
      configured: site !== 'none',
      current: () => view,
      build: async () => {
        tell('build');
        view = {
          status: site === 'live' ? 'live' : 'failed',
          generation: 1,
          holder: { workflowId: 'w', runId: 'r' },
          ...(site === 'live' ? { url: 'http://x.test' } : { because: 'no room' }),
        };
      },
      release: async () => {
        tell('release');
        if (view) view = { ...view, status: 'gone' };
      },
    },
    stop: () => Promise.reject(new Error('stopped')),
  };
  const end = await gate.run(ctx);
  return { told, end, step };
}
