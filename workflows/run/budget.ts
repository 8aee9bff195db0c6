import { condition } from '@temporalio/workflow';
import type { RunState, StepRecord } from '../contracts/run/state.ts';
import { overBudget } from '../rules/budget.ts';
import type { Budget } from '../step/scope.ts';
import { budgetSpent } from '../words/run.ts';
import { transition } from '../step/transition.ts';

/** Holds a run while a person has paused it, or while it is over its budget. */
export class RunBudget implements Budget {
  constructor(private readonly state: RunState) {}

  async wait(step: StepRecord, unless = () => false): Promise<void> {
    const { state } = this;
    await condition(() => !state.paused || unless());
    if (!overBudget(state) || unless()) return;

    const { usage, policy } = state;
    const detail = budgetSpent({ spent: usage.costCents, budget: policy.budgetCents });
    transition(state, step, { phase: 'working', waitingOn: 'budget', detail, because: detail });
    await condition(() => !overBudget(state) || unless());
  }
}
