import { CancellationScope } from '@temporalio/workflow';
import type { GateContext } from '../gates/gate.ts';
import { voidedSteps } from '../rules/head.ts';
import { KEPT, keptSize, sizeOf } from '../rules/outputs.ts';
import { attempt } from './attempt.ts';
import type { Desk } from './desk.ts';
import { send } from './jobs.ts';
import { checks, look, mergeability } from './looks.ts';
import { park } from './park.ts';
import { brief } from './run.ts';
import { siteFor } from './site.ts';
import { transition } from './windows.ts';

/** Gives a gate its hands: the one place where gates meet Temporal. */
export function contextFor(desk: Desk, stop: () => void): GateContext {
  const { live, step, activities } = desk;
  const { state } = live;

  return {
    step,
    options: step.options,
    policy: state.policy,
    activities,
    change: () => state.change,
    head: () => state.head,
    foreignKnown: () => state.foreign.length,
    steps: () => state.steps,
    description: () => [state.input.task.title, state.input.task.description].filter(Boolean).join('\n\n'),
    site: siteFor(desk),

    show: (view) => transition(state, step, view),
    send: (role, work, view) => send(desk, role, work, view),
    look: (about, view, ask) => look(desk, about, view, ask),
    checks: (view) => checks(desk, view),
    mergeability: (view) => mergeability(desk, view),
    attempt: (view, work) => attempt(desk, view, work),
    park: (ask, notice, same) => park(desk, ask, notice, same),
    saw: (seen) => live.saw(seen),
    notice: (type, text) => live.notify(step, type, text),
    failedEffect: () => live.settleEffect('failed'),
    voided: () => voidedSteps(state),

    async merge(expected) {
      await live.safePoint(step);
      return activities.merge({ change: state.change, ...expected, task: brief(state.input.task) });
    },

    canTakeBase() {
      state.baseMoves += 1;
      return state.baseMoves <= state.policy.conflictAttempts;
    },

    /** What does not fit into the run is kept outside, by its hash (contract 12). */
    async keep(owner, { summary, output }) {
      const room = KEPT - keptSize(state.steps, owner) - summary.length;
      owner.summary = summary;
      delete owner.output;
      if (output === undefined) return;
      owner.output = sizeOf(output) <= room ? output : { kept: await activities.keepText(JSON.stringify(output)) };
    },

    async stop() {
      stop();
      await CancellationScope.current().cancelRequested;
      throw new Error('A cancelled run goes on.');
    },
  };
}
