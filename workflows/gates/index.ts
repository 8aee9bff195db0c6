import { z } from 'zod';
import type { BadField, Need } from '../contracts/activities.ts';
import { badFields } from '../contracts/bad-fields.ts';
import { BUILT_IN, CommonKeys, type PipelineShape, type StepShape } from '../contracts/pipelines.ts';
import { runInputOf, titled } from '../contracts/pipeline-run.ts';
import { agents } from './agent.ts';
import { ci } from './ci.ts';
import { companions } from './companion.ts';
import { conflicts } from './conflicts.ts';
import { SYNTHESIZER } from './consensus.ts';
import { deployer } from './deployer.ts';
import type { Gate } from './gate.ts';
import { humanTest } from './human-test.ts';
import { merger } from './merger.ts';
import { postReleaseHealth } from './release.ts';
import { reviews } from './review.ts';
import { tester } from './tester.ts';
import { tracker } from './tracker.ts';

/** Every gate a pipeline may name. To add one: write it, list it here, test it. */
const gates = [
  ...agents,
  ...companions,
  ...reviews,
  tester,
  humanTest,
  deployer,
  tracker,
  conflicts,
  ci,
  merger,
  postReleaseHealth,
] as readonly Gate[];

/** The kinds of all gates, in the order of the list. */
export const kinds = gates.map(({ kind }) => kind);
const stepOf = ({ kind, options }: Gate) => z.strictObject({ kind: z.literal(kind), ...CommonKeys, ...options.shape });

/** A pipeline's step as its author writes it: a gate's kind, the common keys, and that gate's own options. */
const Step = z.discriminatedUnion(
  'kind',
  gates.map(stepOf) as [ReturnType<typeof stepOf>, ...ReturnType<typeof stepOf>[]],
  {
    error: () => `a step with a kind, one of ${kinds.join(', ')}`,
  },
);

/** `Step` lets no other kinds in. */
export const gateFor = (kind: string): Gate => gates.find((gate) => gate.kind === kind)!;

/** What is wrong with the steps as a whole, by index into the pipeline as written. */
function judgeSteps(pipeline: PipelineShape): { index: number; key?: string; expected: string }[] {
  const enabled = pipeline.steps.flatMap((step, index) => (step.enabled === false ? [] : [{ step, index }]));
  const wrong = enabled.flatMap(({ step, index }, place) => {
    const { after, takes } = gateFor(step.kind);
    const last = place === enabled.length - 1;
    const before = enabled[place - 1]?.step.kind;
    return [
      after &&
        !after.includes(before ?? '') && { index, expected: `${step.kind} directly after ${after.join(' or ')}` },
      step.approval &&
        !takes.approval && { index, key: 'approval', expected: `no approval: ${step.kind} has no output` },
      step.approval && last && { index, key: 'approval', expected: 'no approval on the last step' },
      step.when && !takes.when && { index, key: 'when', expected: `no "when": ${step.kind} always runs` },
      step.consensus &&
        !takes.consensus && { index, key: 'consensus', expected: `no consensus: ${step.kind} is one job's work` },
    ].filter((each) => !!each);
  });
  return enabled.length === 0 ? [{ index: 0, expected: 'at least one enabled step' }] : wrong;
}

const Inline = z
  .strictObject({ name: z.string().min(1).max(64).default('custom'), steps: z.array(Step).min(1).max(64) })
  .transform((pipeline) => pipeline as PipelineShape)
  .superRefine((pipeline, ctx) => {
    for (const { index, key, expected } of judgeSteps(pipeline)) {
      ctx.addIssue({ code: 'custom', path: ['steps', index, ...(key ? [key] : [])], message: expected });
    }
  });

/** A built-in's name becomes that pipeline. */
const Named = z.string().transform((name, ctx): PipelineShape => {
  const steps: StepShape[] | undefined = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (steps) return { name, steps: steps.map((step) => ({ ...step })) };
  ctx.addIssue({ code: 'custom', message: `a pipeline, or the name of one: ${Object.keys(BUILT_IN).join(', ')}` });
  return z.NEVER;
});

const Pipeline = z.unknown().transform((raw, ctx): PipelineShape => {
  const { data, error } = (typeof raw === 'string' ? Named : Inline).safeParse(raw);
  for (const issue of error?.issues ?? []) ctx.addIssue({ ...issue } as Parameters<typeof ctx.addIssue>[0]);
  return data ?? z.NEVER;
});

/** The start input of a run. The client parses it, and so does the run, because anybody may start one without our client. */
export const RunInput = runInputOf(Pipeline)
  .superRefine(({ pipeline, task }, ctx) => {
    let estimated = task.estimate !== undefined;
    for (const [index, { kind, when, enabled }] of pipeline.steps.entries()) {
      if (enabled === false) continue;
      if (when && !estimated) {
        ctx.addIssue({
          code: 'custom',
          path: ['pipeline', 'steps', index, 'when'],
          message: 'no "when" without task.estimate or an earlier task-estimator',
        });
      }
      estimated ||= kind === 'task-estimator';
    }
  })
  .transform(titled);

/**
 * What is wrong with whole inputs of runs that wait for this one: each is judged as if it were started now, nested ones
 * too.
 */
export const wrongDependents = ({
  workspace,
  task,
}: Pick<z.output<typeof RunInput>, 'workspace' | 'task'>): BadField[] =>
  (task.dependents ?? []).flatMap((dependent, index) => {
    const at = `task.dependents[${index}]`;
    if ('resume' in dependent)
      return [{ path: `${at}.resume`, expected: 'expected nothing: a dependent starts a new run' }];
    const { data, error } = RunInput.safeParse(dependent);
    const wrong = data ? wrongDependents(data) : badFields(error, dependent);
    const same = data?.task.id === task.id && data.workspace === workspace;
    if (same) wrong.push({ path: 'task.id', expected: `expected another task than ${task.id}, which it waits for` });
    return wrong.map(({ path, ...field }) => ({ path: path ? `${at}.${path}` : at, ...field }));
  });

const enabledOf = ({ steps }: PipelineShape) => steps.filter(({ enabled }) => enabled !== false);

/** Every role that a run of this pipeline may send, helpers included. */
export const rolesOf = (pipeline: PipelineShape): string[] => [
  ...new Set(
    enabledOf(pipeline).flatMap(({ kind, consensus }) => [...gateFor(kind).roles, ...(consensus ? [SYNTHESIZER] : [])]),
  ),
];

/** What a run of this pipeline cannot do without. */
export const needsOf = (pipeline: PipelineShape): Need[] => [
  ...new Set(enabledOf(pipeline).flatMap(({ kind }) => gateFor(kind).needs ?? [])),
];
