import type { Job } from '../contracts/activities.ts';
import type { Consensus } from '../contracts/pipelines.ts';
import type { GateView } from '../contracts/state.ts';
import { answersText, letterOf, readRanking, tally, type Answer } from '../rules/consensus.ts';
import type { GateContext, JobEnd } from './gate.ts';

/** The role that makes one answer of many. */
export const SYNTHESIZER = 'synthesizer';

/** Of so few answers none can be made. */
const QUORUM = 2;

type Work = Pick<Job, 'mode' | 'brief'> & Partial<Job>;
type Lost = Extract<JobEnd, { is: 'failed' }>;

/**
 * Sends a role, or several jobs of it whose answers a synthesizer makes one of, where the step asks for that. Whoever
 * sends need not know which.
 */
export async function consult(ctx: GateContext, work: Work, view: Partial<GateView> = {}): Promise<JobEnd> {
  const { kind, options } = ctx.step;
  const plan = options.consensus;
  if (!plan) return ctx.send(kind, work, view);

  const answers = await firstAnswers(ctx, plan, work, view);
  if (!Array.isArray(answers)) return answers;
  switch (plan.strategy) {
    case 'specialist-panel':
      return synthesize(ctx, work, answersText(answers, 'names'), view);
    case 'debate':
      return synthesize(ctx, work, answersText(await debated(ctx, plan, work, answers, view), 'names'), view);
    case 'ranked-voting': {
      const ranking = await voted(ctx, plan, answers, view);
      return synthesize(ctx, work, `${answersText(answers, 'letters')}\n\n${ranking}`, view);
    }
  }
}

/** The repair of an answer is its maker's. */
export const makerOf = (ctx: GateContext): string => (ctx.step.options.consensus ? SYNTHESIZER : ctx.step.kind);

/** Everybody answers by themselves, at the same time. Who fails is left out, while enough are left. */
async function firstAnswers(
  ctx: GateContext,
  { participants }: Consensus,
  work: Work,
  view: Partial<GateView>,
): Promise<Answer[] | Lost> {
  const detail = `${participants.length} participants are at work`;
  const ends = await ctx.concurrently(
    participants.map((participant) => () => {
      const brief = `${work.brief}\n\nYou are ${participant}, one of ${participants.length} who answer by themselves.`;
      return ctx.send(ctx.step.kind, { ...work, brief }, { ...view, detail });
    }),
  );
  const answers = ends.flatMap((end, index) =>
    end.is === 'completed' ? [{ participant: participants[index]!, text: textOf(end) }] : [],
  );
  if (answers.length >= QUORUM) return answers;
  const failed = ends.filter((end): end is Lost => end.is === 'failed');
  const because = `Only ${answers.length} of ${participants.length} participants answered: ${failed.map((end) => end.because).join(' ')}`;
  return { ...failed[0]!, because };
}

/**
 * Everybody reads what the others said, and answers anew: as often as the plan says. Who fails is held to have said it
 * before.
 */
async function debated(
  ctx: GateContext,
  { rounds }: Consensus,
  work: Work,
  first: Answer[],
  view: Partial<GateView>,
): Promise<Answer[]> {
  let answers = first;
  for (let round = 2; round <= rounds; round += 1) {
    const heard = answers;
    const detail = `The debate is in round ${round} of ${rounds}`;
    const ends = await ctx.concurrently(
      heard.map(({ participant }) => () => {
        const others = answersText(
          heard.filter((each) => each.participant !== participant),
          'names',
        );
        const brief = `${work.brief}\n\nYou are ${participant}. The others said this; answer anew:\n\n${others}`;
        return ctx.send(ctx.step.kind, { ...work, brief }, { ...view, detail });
      }),
    );
    answers = heard.map((answer, index) => {
      const end = ends[index]!;
      return end.is === 'completed' ? { ...answer, text: textOf(end) } : answer;
    });
  }
  return answers;
}

/** Everybody ranks all proposals, which bear letters instead of names. A vote that cannot be read does not count. */
async function voted(ctx: GateContext, plan: Consensus, answers: Answer[], view: Partial<GateView>): Promise<string> {
  const letters = answers.map((_, index) => letterOf(index));
  const brief = [
    `Rank these proposals, best first. Answer in \`output\` with { "ranking": [${letters.map((each) => `"${each}"`).join(', ')}] }, in your order.`,
    answersText(answers, 'letters'),
  ].join('\n\n');
  const ends = await ctx.concurrently(
    answers.map(({ participant }) => () => {
      const work = { mode: 'read', brief: `${brief}\n\nYou are ${participant}.` } as const;
      return ctx.send(ctx.step.kind, work, { ...view, detail: `${plan.participants.length} participants vote` });
    }),
  );
  const votes = ends.flatMap((end) => (end.is === 'completed' ? [readRanking(end.output, letters) ?? []] : []));
  const counted = tally(votes, letters).map(({ letter, points }) => `${letter}: ${points}`);
  return `The vote, by points: ${counted.join(', ')}. The proposal with the most points wins.`;
}

function synthesize(
  ctx: GateContext,
  { brief, ...work }: Work,
  answers: string,
  view: Partial<GateView>,
): Promise<JobEnd> {
  const asked = `Make one answer of these, in just the form that was asked for.\n\n# What was asked\n\n${brief}\n\n# The answers\n\n${answers}`;
  return ctx.send(
    SYNTHESIZER,
    { ...work, brief: asked },
    { ...view, detail: 'One answer is being made of all of them' },
  );
}

const textOf = ({ summary, output }: Extract<JobEnd, { is: 'completed' }>): string =>
  output === undefined ? summary : `${summary}\n\n${typeof output === 'string' ? output : JSON.stringify(output)}`;
