import type { Text } from '../contracts/facts.ts';
import type { Consensus } from '../contracts/pipelines.ts';
import type { GateView } from '../contracts/run/state.ts';
import { answersText, letterOf, readRanking, tally, type Answer } from '../rules/consensus.ts';
import type { GateContext, JobEnd, Work } from './gate.ts';

/** The role that makes one answer of several. */
export const SYNTHESIZER = 'synthesizer';

/** The minimum number of answers for a consensus. */
const QUORUM = 2;

type Lost = Extract<JobEnd, { is: 'failed' }>;

/**
 * Runs a job of the step's role. If the step asks for a consensus, it runs one job per participant, and a synthesizer makes
 * one answer of theirs.
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
      const votes = await voted(ctx, plan, answers, view);
      return synthesize(ctx, work, { fact: 'rankedAnswers', answers: answersText(answers, 'letters'), votes }, view);
    }
  }
}

/** The role that repairs an unreadable answer. */
export const makerOf = (ctx: GateContext): string => (ctx.step.options.consensus ? SYNTHESIZER : ctx.step.kind);

/** All participants answer concurrently. Those that fail are left out while enough are left. */
async function firstAnswers(
  ctx: GateContext,
  { participants }: Consensus,
  work: Work,
  view: Partial<GateView>,
): Promise<Answer[] | Lost> {
  const detail = { fact: 'participantsWork', participants: participants.length } as const;
  const ends = await ctx.concurrently(
    participants.map((participant) => () => {
      const brief: Text = {
        fact: 'participantBrief',
        brief: work.brief,
        participant,
        participants: participants.length,
      };
      return ctx.send(ctx.step.kind, { ...work, brief }, { ...view, detail });
    }),
  );
  const answers = ends.flatMap((end, index) =>
    end.is === 'completed' ? [{ participant: participants[index]!, text: textOf(end) }] : [],
  );
  if (answers.length >= QUORUM) return answers;
  const failed = ends.filter((end): end is Lost => end.is === 'failed');
  const because = ctx.inWords({
    fact: 'tooFewAnswers',
    answered: answers.length,
    participants: participants.length,
    reasons: failed.map((end) => end.because),
  });
  return { ...failed[0]!, because };
}

/**
 * Each participant reads the others' answers and answers again, once per round. The earlier answer of a participant that
 * fails still counts.
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
    const before = answers;
    const detail = { fact: 'debateRound', round, rounds } as const;
    const ends = await ctx.concurrently(
      before.map(({ participant }) => () => {
        const others = answersText(
          before.filter((each) => each.participant !== participant),
          'names',
        );
        const brief: Text = { fact: 'debateBrief', brief: work.brief, participant, others };
        return ctx.send(ctx.step.kind, { ...work, brief }, { ...view, detail });
      }),
    );
    answers = before.map((answer, index) => {
      const end = ends[index]!;
      return end.is === 'completed' ? { ...answer, text: textOf(end) } : answer;
    });
  }
  return answers;
}

/** Each participant ranks all proposals, which have letters instead of names. An unreadable vote does not count. */
async function voted(ctx: GateContext, plan: Consensus, answers: Answer[], view: Partial<GateView>) {
  const letters = answers.map((_, index) => letterOf(index));
  const detail = { fact: 'participantsVote', participants: plan.participants.length } as const;
  const ends = await ctx.concurrently(
    answers.map(({ participant }) => () => {
      const brief: Text = { fact: 'rankingBrief', letters, answers: answersText(answers, 'letters'), participant };
      return ctx.send(ctx.step.kind, { mode: 'read', brief }, { ...view, detail });
    }),
  );
  const votes = ends.flatMap((end) => (end.is === 'completed' ? [readRanking(end.output, letters) ?? []] : []));
  return tally(votes, letters);
}

function synthesize(
  ctx: GateContext,
  { brief, ...work }: Work,
  answers: Text,
  view: Partial<GateView>,
): Promise<JobEnd> {
  const asked: Text = { fact: 'synthesisBrief', brief, answers };
  return ctx.send(SYNTHESIZER, { ...work, brief: asked }, { ...view, detail: { fact: 'synthesizing' } });
}

const textOf = ({ summary, output }: Extract<JobEnd, { is: 'completed' }>): string =>
  output === undefined ? summary : `${summary}\n\n${typeof output === 'string' ? output : JSON.stringify(output)}`;
