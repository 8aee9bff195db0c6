import { CancellationScope } from '@temporalio/workflow';
import type { ALWAYS_AVAILABLE, HumanAction } from '../contracts/messages.ts';
import type { RunState } from '../contracts/run/state.ts';
import type { LiveRun } from './live-run.ts';
import { stopping as stoppingText } from '../words/run.ts';
import { publish } from '../step/transition.ts';

export type AlwaysAvailable = (typeof ALWAYS_AVAILABLE)[number] | 'resume';
export type AlwaysAvailableActions = { [Name in AlwaysAvailable]: (action: HumanAction<Name>) => void };

/** The actions that a run always accepts, whatever its gates are doing. */
export function alwaysAvailable(live: LiveRun): AlwaysAvailableActions {
  // However the run is cancelled, it shows that at once.
  void CancellationScope.current().cancelRequested.catch(() => stopping(live.state));
  return {
    pause: ({ by, reason }) => void (live.state.paused ??= { by, reason, at: new Date().toISOString() }),
    resume() {
      live.state.paused = undefined;
      live.mailbox.hint('job'); // a run that waits for the month's budget checks it again
    },
    stop: () => stop(live),
    restartFrom({ step }) {
      live.restart = step;
      live.callOff();
    },
  };
}

/** Accepts no more actions. The current work is cancelled and cleaned up. */
function stopping(state: RunState): void {
  if (state.ending) return;
  state.ending = 'stopped';
  const { current } = state;
  if (current) state.current = { ...current, phase: 'cleaning-up', detail: stoppingText(), offers: [] };
  publish(state);
}

/** Requests the run's own cancellation, because a workflow cannot end itself as cancelled. */
export function stop(live: LiveRun): void {
  if (live.state.ending) return;
  stopping(live.state);
  void CancellationScope.nonCancellable(() => live.activities('stop').cancelRun());
}
